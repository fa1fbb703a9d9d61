import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureRow, type RowResult } from './harness/measure-row.js'
import { chosen, HELP, type Options, optionsFrom } from './harness/options.js'
import { formatComparison, formatRow, type Results, readResults } from './harness/report.js'
import type { Row, Run } from './harness/row.js'
import { httpTable } from './rows/http-table.js'
import { rows } from './rows/index.js'
import { stopTable } from './workloads/local-table.js'
import { stopSharedWorker } from './workloads/sides.js'

/** How many rows a smoke test runs at once. More would only wait for each other. */
const QUICK_ROWS_AT_ONCE = 3

async function main(): Promise<void> {
  let options: Options
  let asked: readonly Row[]
  try {
    options = optionsFrom(process.argv.slice(2))
    asked = chosen(rows, options.only)
    if (options.show !== undefined) return show(options, asked)
  } catch (error) {
    console.error(`bench: ${lineOf(error)}`)
    process.exitCode = 2
    return
  }
  await measure(asked, options)
}

function show({ show: what, files: [before = '', after = ''] }: Options, asked: readonly Row[]): void {
  if (what === 'help') process.stdout.write(HELP)
  else if (what === 'list') for (const { name, title } of asked) console.log(`${name.padEnd(16)} ${title}`)
  else console.log(formatComparison(readResults(before), readResults(after)))
}

async function measure(asked: readonly Row[], { quick, json, spans, markdown }: Options): Promise<void> {
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${process.platform}`
  console.log(`Node ${process.version}, ${machine}, load ${loadavg()[0]?.toFixed(1)}`)
  console.log(
    `Medians${quick ? ' of a smoke test, which mean nothing' : ''}, with the interquartile range in brackets.\n`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'trace-bench-'))
  let results: RowResult[]
  try {
    results = await measureRows(asked.filter(isMeasurable), { quick, folder, spans })
  } finally {
    await stopTable()
    await stopSharedWorker()
    rmSync(folder, { recursive: true, force: true })
  }
  const all: Results = { node: process.version, machine, date: new Date().toISOString(), quick, rows: results }
  writeFileSync(json, `${JSON.stringify(all, undefined, 2)}\n`)
  if (markdown) console.log(httpTable(all))
}

function isMeasurable({ name, obstacle }: Row): boolean {
  const reason = obstacle?.()
  if (reason !== undefined) console.log(`${name} is left out: ${reason}\n`)
  return reason === undefined
}

async function measureRows(asked: readonly Row[], run: Run): Promise<RowResult[]> {
  const results: RowResult[] = []
  const waiting = asked.entries()
  const measureWaiting = async (): Promise<void> => {
    for (const [at, row] of waiting) {
      const result = await measureRow(row, run)
      results[at] = result
      console.log(formatRow(result))
    }
  }
  await Promise.all(Array.from({ length: run.quick ? QUICK_ROWS_AT_ONCE : 1 }, measureWaiting))
  return results
}

/** Only the first sentence of a message of Node's: the rest is about other arguments. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isFromNode = Reflect.has(error, 'code')
  return isFromNode ? `${error.message.split('. ', 1)[0]}; see --help` : error.message
}

await main()
