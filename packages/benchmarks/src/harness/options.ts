import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const HELP = `Measures what tracing costs, compared with bare code and with OpenTelemetry.

  npm run bench -- [options]

  --only <row>   measures only this row, or all rows whose names begin with it (scale); may be given more than once
  --quick        a smoke test: runs everything for a moment, and the numbers mean nothing
  --spans <n>    how many spans the file has that the command trace reads; default 1000000, with --quick 1000
  --json <file>  where the results are written; default packages/benchmarks/results.json
  --markdown     measures the rows of servers, unless --only says which rows, and prints the README's tables of them
  --list         lists the rows
  --compare <before> <after>
                 measures nothing: prints the medians of two files of results side by side
  --help         prints this
`

const SPANS = 1_000_000
const QUICK_SPANS = 1_000
/** The rows of the README's tables of servers. */
const SERVERS: readonly string[] = ['http', 'working', 'p99']
/** Of two traces. */
const LEAST_SPANS = 20

export interface Options {
  readonly quick: boolean
  readonly only: readonly string[]
  /** How many spans the generated file has that the command is asked of. */
  readonly spans: number
  /** Path of the file for the results. */
  readonly json: string
  /** Whether the README's tables are printed in the end. */
  readonly markdown: boolean
  /** What is printed instead of measuring. */
  readonly show: 'help' | 'list' | 'comparison' | undefined
  /** The two files of results to compare. */
  readonly files: readonly string[]
}

/** @throws {Error} whose message says in one line what is wrong */
export function optionsFrom(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      spans: { type: 'string' },
      json: { type: 'string', default: fileURLToPath(new URL('../../results.json', import.meta.url)) },
      markdown: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      compare: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, json, markdown, list, compare, help } = values
  const only = markdown && values.only.length === 0 ? SERVERS : values.only
  const spans = Number(values.spans ?? (quick ? QUICK_SPANS : SPANS))
  if (!Number.isInteger(spans) || spans < LEAST_SPANS) {
    throw new Error(`--spans takes a whole number of at least ${LEAST_SPANS}, got ${values.spans}`)
  }
  if (compare && positionals.length !== 2) throw new Error(`--compare takes two files, got ${positionals.length}`)
  if (!compare && positionals.length > 0) throw new Error(`unexpected argument ${positionals[0]}; see --help`)
  const show = help ? 'help' : list ? 'list' : compare ? 'comparison' : undefined
  return { quick, only, spans, json, markdown, show, files: positionals }
}

/**
 * Selects the rows that were asked for, in the order of the table.
 *
 * @throws {Error} whose message says in one line which row does not exist
 */
export function chosen<R extends { readonly name: string }>(rows: readonly R[], only: readonly string[]): readonly R[] {
  const isAsked = ({ name }: R, asked: string): boolean => name === asked || name.startsWith(`${asked}-`)
  for (const asked of only) {
    if (rows.some((row) => isAsked(row, asked))) continue
    throw new Error(`no row is called ${asked}; there are: ${rows.map(({ name }) => name).join(', ')}`)
  }
  return only.length === 0 ? rows : rows.filter((row) => only.some((asked) => isAsked(row, asked)))
}
