// Measures the page of @trace/viewer in a browser, with traces of as many spans as are asked for: node dist/browser/main.js 100000 230000
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { memoryRecorder } from '@trace/core'
import { traceViewer } from '@trace/viewer'
import { chromium, type Page } from 'playwright-core'
import { generatedTrace } from './generated.js'
import { countFrames, frames, installClock, searched, toggled } from './in-page.js'

const DEFAULT_SIZES = [100_000, 230_000]
/** What the project aims at, in ms and MB; of the load, by the number of spans. */
const GOALS: Readonly<Record<string, (spans: number) => number>> = {
  load: (spans) => (spans <= 100_000 ? 1_500 : 3_000),
  'collapse the first row': () => 50,
  'expand it again': () => 50,
  'collapse a row within': () => 50,
  'search for a word': () => 100,
  'search for a value': () => 100,
  'scroll, a frame': () => 16,
  'scroll, the slowest of 20 frames': () => 16,
  'hover, a frame': () => 16,
  'memory, MB': () => 200,
}

async function main(): Promise<void> {
  const sizes = process.argv.slice(2).map(Number)
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  console.log(`Chromium ${browser.version()}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`)
  try {
    for (const spans of sizes.length === 0 ? DEFAULT_SIZES : sizes) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      const figures = await measure(page, spans)
      await page.close()
      console.log(`${spans} spans`)
      for (const [what, value] of Object.entries(figures)) {
        const goal = GOALS[what]?.(spans)
        const judged = goal === undefined ? '' : `  goal ${goal}  ${value <= goal ? 'met' : 'MISSED'}`
        console.log(`  ${what.padEnd(34)}${value.toFixed(1).padStart(9)}${judged}`)
      }
    }
  } finally {
    await browser.close()
  }
}

async function measure(page: Page, spans: number): Promise<Record<string, number>> {
  const store = memoryRecorder({ limit: spans })
  await store.record(generatedTrace(7n, spans))
  const server = createServer(traceViewer({ reader: store }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await page.addInitScript(installClock, '.waterfall .row')
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?trace=7`)
    return await interact(page)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function interact(page: Page): Promise<Record<string, number>> {
  const load = await page.waitForFunction(() => measured.shownAt, undefined, {
    timeout: 120_000,
  })
  // What the page does behind its first picture, such as drawing the map, is not an answer to the reader.
  await page.waitForTimeout(1_500)
  const figures: Record<string, number> = { load: Number(await load.jsonValue()) }
  figures['collapse the first row'] = await page.evaluate(toggled, 0)
  figures['expand it again'] = await page.evaluate(toggled, 0)
  figures['collapse a row within'] = await page.evaluate(toggled, 3)
  figures['expand that again'] = await page.evaluate(toggled, 3)
  const scrolled = await page.evaluate(frames)
  figures['scroll, a frame'] = median(scrolled)
  figures['scroll, the slowest of 20 frames'] =
    scrolled.toSorted((a, b) => b - a)[Math.floor(scrolled.length / 20)] ?? 0
  figures['hover, a frame'] = median(await hover(page))
  figures['search for a word'] = await page.evaluate(searched, 'operation 17')
  figures['search for a value'] = await page.evaluate(searched, '/items/4711')
  figures['search for a key'] = await page.evaluate(searched, '@rows:>98')
  figures['leave the search'] = await page.evaluate(searched, '')
  figures['memory, MB'] = await memoryOf(page)
  return figures
}

async function hover(page: Page): Promise<number[]> {
  await page.evaluate(countFrames)
  for (let y = 450; y < 850; y += 8) await page.mouse.move(300, y)
  return page.evaluate(() => measured.hovered)
}

/** What JavaScript has on its heap, with nothing left to collect, in MB. */
async function memoryOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  const used = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN
  return used / 1e6
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

await main()
