import type { Results } from '../harness/report.js'
import { LATENCIES } from '../servers/sides.js'
import { COST_LABELS, FRAMEWORKS, latencyLabel, RATE_ROWS } from './http.js'

const COSTS_HEAD = `|  | traced | a hand-written hook | OpenTelemetry |
| --- | --- | --- | --- |`
const LATENCIES_HEAD = `|  | ${LATENCIES.join(' | ')} |
| --- |${' --- |'.repeat(LATENCIES.length)}`

/** What the rows of servers have measured, as the README shows it: in Markdown, each row with the time that it took. */
export function httpTable({ node, rows }: Results): string {
  const major = `Node ${node.slice(1).split('.')[0]}`
  const readingsOf = (rowName: string, title: string, labels: readonly string[]): string[] => {
    const row = rows.find(({ name }) => name === rowName)
    if (row === undefined) return []
    const cells = labels.map((label) => cell(row.readings.find((reading) => reading.label === label)))
    return [`| ${[`${major}, ${title}`, ...cells].join(' | ')} |`]
  }
  const costs = RATE_ROWS.flatMap(({ name, what }) =>
    FRAMEWORKS.flatMap(([framework, title]) => readingsOf(`${name}-${framework}`, title + what, COST_LABELS)),
  )
  const latencies = FRAMEWORKS.flatMap(([framework, title]) =>
    (['trace', 'hand-written'] as const).flatMap((variant) =>
      readingsOf(
        `p99-${framework}`,
        `${title}, ${variant === 'trace' ? 'traced' : variant}`,
        LATENCIES.map((figure) => latencyLabel(variant, figure)),
      ),
    ),
  )
  const times = rows.map(({ name, seconds }) => `${name} ${Math.round(seconds)} s`)
  return [
    ...(costs.length > 0
      ? ['µs of processor time a request more than on the bare server:', '', COSTS_HEAD, ...costs, '']
      : []),
    ...(latencies.length > 0 ? ["Latencies, times the bare server's:", '', LATENCIES_HEAD, ...latencies, ''] : []),
    `Measured within ${times.join(', ')}.`,
  ].join('\n')
}

function cell(reading: { readonly median: number; readonly low: number; readonly high: number } | undefined): string {
  if (reading === undefined) return '–'
  const [median, low, high] = [reading.median, reading.low, reading.high].map((value) => value.toFixed(1))
  return `${median} (${low} to ${high})`
}
