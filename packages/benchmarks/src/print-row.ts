import type { ReadingResult, RowResult, SideResult } from './measure-row.js'

/** A row of the table as lines of text. */
export function printRow(row: RowResult): string {
  const lines = [`${row.name}: ${row.title}`]
  for (const [name, side] of Object.entries(row.sides)) lines.push(sideLine(name, side, row.unit))
  for (const reading of row.readings) lines.push(readingLine(reading))
  return `${lines.join('\n')}\n`
}

function sideLine(name: string, side: SideResult, unit: string): string {
  return `    ${name.padEnd(16)} ${number(side.median).padStart(12)} ${unit}  (${number(side.low)} to ${number(side.high)})`
}

function readingLine({ label, median, low, high, byCpu, goal, met }: ReadingResult): string {
  const aim =
    goal === undefined ? '' : 'atLeast' in goal ? `, goal ≥ ${number(goal.atLeast)}` : `, goal ≤ ${number(goal.atMost)}`
  const verdict = met === undefined ? '' : met ? ': met' : ': MISSED'
  const cpu = byCpu === undefined ? '' : `, by processor time ${number(byCpu)}`
  return `  → ${number(median)} ${label}  (${number(low)} to ${number(high)}${cpu})${aim}${verdict}`
}

/** Three digits that count, and no fewer than are before the point. */
function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const whole = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return whole.toLocaleString('en-US', { maximumFractionDigits: 4 })
}
