import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasJava, stopLocalTable } from './local-table.js'
import { measureRow, type RowResult } from './measure-row.js'
import { chosen, HELP, type Options, optionsFrom } from './options.js'
import { printRow } from './print-row.js'
import type { Row } from './row.js'
import { rows } from './rows/index.js'

/** What stands in the file of results. */
interface Results {
  readonly node: string
  readonly machine: string
  readonly date: string
  readonly quick: boolean
  readonly rows: readonly RowResult[]
}

async function main(): Promise<void> {
  let options: Options
  let asked: readonly Row[]
  try {
    options = optionsFrom(process.argv.slice(2))
    asked = chosen(rows, options.only)
  } catch (error) {
    console.error(`bench: ${lineOf(error)}`)
    process.exitCode = 2
    return
  }
  if (options.show === 'help') process.stdout.write(HELP)
  else if (options.show === 'list') for (const { name, title } of asked) console.log(`${name.padEnd(16)} ${title}`)
  else await measure(asked, options)
}

async function measure(asked: readonly Row[], { quick, json }: Options): Promise<void> {
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${process.platform}`
  console.log(`Node ${process.version}, ${machine}, load ${loadavg()[0]?.toFixed(1)}`)
  console.log(`Medians${quick ? ' of a smoke test, which mean nothing' : ''}; in brackets, the middle half.\n`)
  if (!hasJava) console.log('The rows of DynamoDB are left out: DynamoDB Local needs Java 17, which is not here.\n')
  const folder = mkdtempSync(join(tmpdir(), 'trace-bench-'))
  const results: RowResult[] = []
  try {
    for (const row of asked) {
      const result = await measureRow(row, { quick, folder })
      results.push(result)
      console.log(printRow(result))
    }
  } finally {
    await stopLocalTable()
    rmSync(folder, { recursive: true, force: true })
  }
  const all: Results = { node: process.version, machine, date: new Date().toISOString(), quick, rows: results }
  writeFileSync(json, `${JSON.stringify(all, undefined, 2)}\n`)
}

/** Node's own messages go on about what an argument may be. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isNodes = Reflect.has(error, 'code')
  return isNodes ? `${error.message.split('. ', 1)[0]}; --help says which there are` : error.message
}

await main()
