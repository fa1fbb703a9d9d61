import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const HELP = `Measures what tracing costs, beside bare code and beside OpenTelemetry.

  npm run bench -- [options]

  --only <row>   only this row, or those whose names begin so; may be given more than once
  --quick        a smoke test: runs everything for a moment, and its numbers mean nothing
  --json <file>  where the result goes; default packages/benchmarks/results.json
  --list         says which rows there are
  --help         says this
`

export interface Options {
  readonly quick: boolean
  readonly only: readonly string[]
  readonly json: string
  readonly show: 'help' | 'list' | undefined
}

/** @throws {Error} whose message is one line that says what is wrong with them */
export function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string', default: fileURLToPath(new URL('../results.json', import.meta.url)) },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, only, json, list, help } = values
  return { quick, only, json, show: help ? 'help' : list ? 'list' : undefined }
}

/**
 * The rows that were asked for, in their order.
 *
 * @throws {Error} whose message is one line, where there is no such row
 */
export function chosen<R extends { readonly name: string }>(rows: readonly R[], only: readonly string[]): readonly R[] {
  const isAsked = ({ name }: R, asked: string): boolean => name === asked || name.startsWith(`${asked}-`)
  for (const asked of only) {
    if (rows.some((row) => isAsked(row, asked))) continue
    throw new Error(`no row is called ${asked}; there are: ${rows.map(({ name }) => name).join(', ')}`)
  }
  return only.length === 0 ? rows : rows.filter((row) => only.some((asked) => isAsked(row, asked)))
}
