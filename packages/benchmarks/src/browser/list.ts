// Measures the list of `trace view`, and the memory of its server, over a file of as many spans as are asked for:
// node dist/browser/list.js 1000000
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { spanToYaml } from '@trace/yamlrec'
import { chromium, type Page } from 'playwright-core'
import { COMMAND, OLDEST, SPANS_OF_TRACE, storeOf } from '../command/store.js'
import { installClock } from './in-page.js'

const DEFAULT_SPANS = 1_000_000
/** What the project aims at, in ms and MB. */
const GOALS: Readonly<Record<string, number>> = { 'the list is shown': 1_000, 'most memory of the server, MB': 200 }
/** Longer than anything takes, in ms. */
const PATIENCE = 300_000
/** How many traces arrive at most, one each `BETWEEN` ms. */
const ARRIVALS = 200
const BETWEEN = 20

async function main(): Promise<void> {
  const spans = Number(process.argv[2] ?? DEFAULT_SPANS)
  const folder = mkdtempSync(join(tmpdir(), 'trace-bench-'))
  try {
    const { path } = await storeOf(folder, spans)
    console.log(`${spans} spans, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`)
    for (const [what, value] of Object.entries(await measure(path, spans))) {
      const goal = GOALS[what]
      const judged = goal === undefined ? '' : `  goal ${goal}  ${value <= goal ? 'met' : 'MISSED'}`
      console.log(`  ${what.padEnd(44)}${value.toFixed(0).padStart(9)}${judged}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** In ms, but for memory. */
async function measure(path: string, spans: number): Promise<Record<string, number>> {
  const server = spawn(process.execPath, [COMMAND, 'view', path, '--no-open'])
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(PATIENCE)
    await page.addInitScript(installClock, '.list tbody tr')
    return await use(page, { url: String(line).trim(), path, spans, server })
  } finally {
    await browser.close()
    server.kill('SIGINT')
    await once(server, 'close')
  }
}

interface Viewed {
  readonly url: string
  readonly path: string
  readonly spans: number
  readonly server: ChildProcessWithoutNullStreams
}

async function use(page: Page, { url, path, spans, server }: Viewed): Promise<Record<string, number>> {
  await page.goto(url)
  const shown = await page.waitForFunction(() => measured.shownAt)
  const figures: Record<string, number> = { 'the list is shown': Number(await shown.jsonValue()) }
  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const from = performance.now()
    await work()
    figures[what] = performance.now() - from
  }
  const rows = (count: number): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelectorAll('.list tbody tr').length === wanted, count)
  const search = async (text: string): Promise<void> => {
    await page.locator('input[data-search]').fill(text)
    await page.keyboard.press('Enter')
  }
  for (const count of [200, 300, 400, 500].filter((each) => each * SPANS_OF_TRACE <= spans)) {
    await timed(`more: ${count} traces`, async () => {
      await page.keyboard.press('m')
      await rows(count)
    })
  }
  await timed('the newest trace', async () => {
    await page.locator('.list tbody tr').first().click()
    await page.waitForSelector('.waterfall .row')
  })
  await timed('a search that finds much', async () => {
    await page.goto(`${url}?q=${encodeURIComponent('service:service-1 kind:db')}`)
    await page.waitForSelector('.list tbody tr, .empty h2')
  })
  await timed('a search that finds nothing', async () => {
    await search('nothing-is-called-so')
    await page.waitForSelector('.empty h2')
  })
  await timed('the oldest trace', async () => {
    await page.goto(`${url}?trace=${OLDEST}`)
    await page.waitForSelector('.waterfall .row')
  })
  await page.goto(url)
  await page.getByRole('button', { name: /Live/ }).waitFor()
  const arrivals = Math.min(ARRIVALS, Math.ceil(spans / 100))
  await timed(`${arrivals} traces arrive, one each ${BETWEEN} ms`, () => arrive(page, path, arrivals))
  figures['most memory of the server, MB'] = mostMemoryOf(server.pid)
  return figures
}

/** Until the last one is shown. */
async function arrive(page: Page, path: string, arrivals: number): Promise<void> {
  for (let at = 1; at <= arrivals; at++) {
    const start = BigInt(Date.now()) * 1_000_000n
    const name = `arrival ${at}`
    const id = BigInt(at)
    appendFileSync(
      path,
      spanToYaml({
        spanId: id,
        traceId: id,
        parentId: 0n,
        process: 'late:1@host-9',
        kind: 'task',
        name,
        start,
        finish: start + 1_000n,
        data: {},
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, BETWEEN))
  }
  await page.getByText(`arrival ${arrivals}`).first().waitFor()
}

/** In MB, as Linux keeps it; not a number elsewhere. */
function mostMemoryOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
  } catch {
    return Number.NaN
  }
}

await main()
