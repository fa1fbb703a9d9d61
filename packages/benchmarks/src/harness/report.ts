import { readFileSync } from 'node:fs'
import type { ReadingResult, RowResult, SideResult } from './measure-row.js'
import type { Spread } from './statistics.js'

/** What the file of results holds. */
export interface Results {
  readonly node: string
  readonly machine: string
  readonly date: string
  readonly quick: boolean
  readonly rows: readonly RowResult[]
}

/** @throws {Error} whose message says in one line why the file holds no results */
export function readResults(path: string): Results {
  const text = readFileSync(path, 'utf8')
  try {
    const results: Results = JSON.parse(text)
    if (Array.isArray(results.rows)) return results
  } catch (error) {
    throw new Error(`${path} does not hold results in JSON`, { cause: error })
  }
  throw new Error(`${path} does not hold results`)
}

/** Formats a row of the table as lines of text. */
export function formatRow(row: RowResult): string {
  const lines = [`${row.name}: ${row.title}  (${Math.round(row.seconds)} s)`]
  for (const [name, side] of Object.entries(row.sides)) lines.push(sideLine(name, side, row.unit))
  for (const reading of row.readings) lines.push(readingLine(reading))
  return `${lines.join('\n')}\n`
}

function sideLine(name: string, side: SideResult, unit: string): string {
  return `    ${name.padEnd(16)} ${format(side.median).padStart(12)} ${unit}  (${format(side.low)} to ${format(side.high)})`
}

function readingLine({ label, median, low, high, byCpu, goal, met }: ReadingResult): string {
  const aim =
    goal === undefined ? '' : 'atLeast' in goal ? `, goal ≥ ${format(goal.atLeast)}` : `, goal ≤ ${format(goal.atMost)}`
  const verdict = met === undefined ? '' : met ? ': met' : ': MISSED'
  const cpu = byCpu === undefined ? '' : `, by processor time ${format(byCpu)}`
  return `  → ${format(median)} ${label}  (${format(low)} to ${format(high)}${cpu})${aim}${verdict}`
}

/** Formats the medians of two runs side by side, for all rows that both have measured. */
export function formatComparison(before: Results, after: Results): string {
  const blocks = [`before: ${headOf(before)}\nafter:  ${headOf(after)}\n`]
  for (const row of after.rows) {
    const old = before.rows.find(({ name }) => name === row.name)
    if (old === undefined) continue
    const lines = [`${row.name}: ${row.title}`]
    for (const [name, side] of Object.entries(row.sides)) {
      lines.push(`    ${name.padEnd(16)} ${change(old.sides[name], side)} ${row.unit}`)
    }
    for (const reading of row.readings) {
      const oldReading = old.readings.find(({ label }) => label === reading.label)
      lines.push(`  → ${change(oldReading, reading)} ${reading.label}`)
    }
    blocks.push(`${lines.join('\n')}\n`)
  }
  return blocks.join('\n')
}

function headOf({ node, machine, date }: Results): string {
  return `Node ${node}, ${machine}, ${date}`
}

/** An asterisk marks a change that noise alone seldom makes: the interquartile ranges do not overlap. */
function change(before: Spread | undefined, after: Spread): string {
  if (before === undefined) return `${'–'.padStart(12)} → ${format(after.median).padEnd(12)}`
  const isApart = before.high < after.low || after.high < before.low
  return `${format(before.median).padStart(12)} → ${format(after.median).padEnd(12)}${isApart ? '*' : ' '}`
}

/** Formats three significant digits, or all digits before the point if there are more. */
function format(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const whole = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return whole.toLocaleString('en-US', { maximumFractionDigits: 4 })
}
