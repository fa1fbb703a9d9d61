// Measures the page of @trace/viewer in a browser, with traces of as many spans as are asked for: node dist/browser/main.js 100000 230000
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { memoryRecorder } from '@trace/core'
import { traceViewer } from '@trace/viewer'
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { generatedTrace } from './generated.js'
import { countFrames, frames, installClock, searched, toggled, watchFrames } from './in-page.js'

const DEFAULT_SIZES = [100_000, 230_000]
/** How often it is scrolled. */
const STEPS = 60
/** Behind the name of what took time: the time of the processor. */
const CPU = ', CPU'
/** What the project aims at, in ms and MB; of the load, by the number of spans. A screen shows a picture each 16.7 ms. */
const GOALS: Readonly<Record<string, (spans: number) => number>> = {
  load: (spans) => (spans <= 100_000 ? 1_500 : 3_000),
  'collapse the first row': () => 50,
  'expand it again': () => 50,
  'collapse a row within': () => 50,
  'expand that again': () => 50,
  'scroll far, a frame': () => 16,
  'scroll far, the slowest of 20 frames': () => 16,
  'the wheel, from frame to frame': () => 17,
  'hover, a frame': () => 16,
  'search for a letter': () => 100,
  'search for a word': () => 100,
  'search for a value': () => 100,
  'search for a key': () => 100,
  'search for errors': () => 100,
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
        const goal = GOALS[what.replace(CPU, '')]?.(spans)
        const judged = goal === undefined ? '' : `  goal ${goal}  ${value <= goal ? 'met' : 'MISSED'}`
        console.log(`  ${what.padEnd(42)}${value.toFixed(1).padStart(9)}${judged}`)
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
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?trace=7`
  const session = await page.context().newCDPSession(page)
  // By the clock of the thread, which stands still while other programs keep the machine busy.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  try {
    await page.addInitScript(installClock, '.waterfall .row')
    return await interact(new Meter(session), { page, address, spans })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Keeps figures in ms, each with the time of the processor that the page's main thread took for it. */
class Meter {
  readonly figures: Record<string, number> = {}
  readonly #session: CDPSession

  constructor(session: CDPSession) {
    this.#session = session
  }

  /** @param work resolves with a figure @param parts for how many the thread worked. Default: 1 */
  async take(what: string, work: () => Promise<number>, parts = 1): Promise<void> {
    const before = await this.#metric('TaskDuration')
    this.figures[what] = await work()
    this.figures[`${what}${CPU}`] = ((await this.#metric('TaskDuration')) - before) * (1_000 / parts)
  }

  /** What JavaScript has on its heap, with nothing left to collect, in MB. */
  async memory(): Promise<number> {
    await this.#session.send('HeapProfiler.collectGarbage')
    return (await this.#metric('JSHeapUsedSize')) / 1e6
  }

  async #metric(wanted: string): Promise<number> {
    const { metrics } = await this.#session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
  }
}

interface Opening {
  readonly page: Page
  readonly address: string
  readonly spans: number
}

async function interact(meter: Meter, { page, address, spans }: Opening): Promise<Record<string, number>> {
  await meter.take('load', async () => {
    await page.goto(address)
    const shown = await page.waitForFunction(() => measured.shownAt, undefined, { timeout: 120_000 })
    return Number(await shown.jsonValue())
  })
  // What the page does behind its first picture, such as drawing the map, is not an answer to the reader.
  await page.waitForTimeout(1_500)
  await meter.take('collapse the first row', () => page.evaluate(toggled, 0))
  await meter.take('expand it again', () => page.evaluate(toggled, 0))
  await meter.take('collapse a row within', () => page.evaluate(toggled, 1))
  await meter.take('expand that again', () => page.evaluate(toggled, 1))
  await scroll(meter, page)
  meter.figures['hover, a frame'] = median(await hover(page))
  // As one types: nearly every span has it.
  await meter.take('search for a letter', () => page.evaluate(searched, 'o'))
  await meter.take('search for a word', () => page.evaluate(searched, 'operation 17'))
  await meter.take('search for a value', () => page.evaluate(searched, `/items/${Math.min(spans, 4_711)}`))
  await meter.take('search for a key', () => page.evaluate(searched, '@rows:>98'))
  await meter.take('search for errors', () => page.evaluate(searched, 'status:error -name:"operation 17"'))
  await meter.take('leave the search', () => page.evaluate(searched, ''))
  meter.figures['memory, MB'] = await meter.memory()
  return meter.figures
}

/** From end to end at once, so that no row stays; and by the wheel, as one does. */
async function scroll(meter: Meter, page: Page): Promise<void> {
  let slowest = Number.NaN
  const far = async (): Promise<number> => {
    const taken = await page.evaluate(frames, STEPS)
    slowest = slowOf(taken)
    return median(taken)
  }
  await meter.take('scroll far, a frame', far, STEPS)
  meter.figures['scroll far, the slowest of 20 frames'] = slowest
  await page.mouse.move(300, 600)
  const byWheel = async (): Promise<number> => {
    await page.evaluate(watchFrames)
    for (let step = 0; step < STEPS; step++) await page.mouse.wheel(0, 100)
    const between = await page.evaluate(() => measured.between)
    slowest = slowOf(between)
    return median(between)
  }
  await meter.take('the wheel, from frame to frame', byWheel, STEPS)
  meter.figures['the wheel, the slowest of 20'] = slowest
}

async function hover(page: Page): Promise<number[]> {
  await page.evaluate(countFrames)
  for (let y = 450; y < 850; y += 8) await page.mouse.move(300, y)
  return page.evaluate(() => measured.hovered)
}

function slowOf(values: readonly number[]): number {
  return values.toSorted((a, b) => b - a)[Math.floor(values.length / 20)] ?? Number.NaN
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

await main()
