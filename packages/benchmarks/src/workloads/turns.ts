// A process that opens many spans, waits until they are recorded as open, opens as many again, and closes its tracer. It answers
// with the longest turns of its event loop, in ms of processor time: node turns.js <folder>
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type ActiveSpan, createTracer, type Recorder } from '@trace/core'
import { yamlRecorder } from '@trace/yamlrec'
import { answerQuestions, numberIn } from '../harness/child.js'

/** How many spans start in one turn. */
const A_TURN = 100
/** In ms. Spans that are not recorded after four times as long are forgotten, so a busy machine needs it long. */
const OPEN_AFTER = 2_000

/** Shorter turns are not looked at, in ms. */
const SHORT = 1

interface Period {
  readonly start: number
  readonly end: number
}

interface Turn extends Period {
  /** The processor time of the whole process, in ms. */
  readonly cpu: number
}

/** Writes down how long each turn takes, and each collection of garbage on the main thread. */
class Turns {
  readonly #turns: Turn[] = []
  readonly #collections: Period[] = []
  #isOver = false
  readonly #observer = new PerformanceObserver((list) => this.#note(list.getEntries()))

  /** @param rest whether the loop rests between its turns, for a smoke test: otherwise it keeps a core busy for seconds */
  async watch(rest: boolean): Promise<void> {
    this.#observer.observe({ entryTypes: ['gc'] })
    let start = performance.now()
    let used = processorTime()
    while (!this.#isOver) {
      if (rest) await sleep(10)
      else await turn()
      const end = performance.now()
      const usedNow = processorTime()
      if (end - start > SHORT) this.#turns.push({ start, end, cpu: usedNow - used })
      start = end
      used = usedNow
    }
  }

  #note(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime: start, duration } of entries) this.#collections.push({ start, end: start + duration })
  }

  async end(): Promise<void> {
    // What is observed is told some turns later.
    await sleep(10)
    this.#note(this.#observer.takeRecords())
    this.#observer.disconnect()
    this.#isOver = true
  }

  /** The longest turn between two moments, without the collections in it: by processor time, and by the clock. */
  longest(since: number, until: number): { readonly used: number; readonly clock: number } {
    const inside = this.#turns.filter(({ end }) => end > since && end <= until)
    const lengths = inside.map((each) => ({ ...each, collecting: this.#collecting(each) }))
    return {
      // While another process has the processor, only the clock goes on. Threads beside the main one count, too.
      used: longestOf(lengths.map(({ start, end, cpu, collecting }) => Math.min(end - start, cpu) - collecting)),
      clock: longestOf(lengths.map(({ start, end, collecting }) => end - start - collecting)),
    }
  }

  longestCollection(): number {
    return longestOf(this.#collections.map(({ start, end }) => end - start))
  }

  #collecting({ start, end }: Period): number {
    const parts = this.#collections.map((each) => Math.min(end, each.end) - Math.max(start, each.start))
    return parts.reduce((sum, part) => sum + Math.max(0, part), 0)
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((longest, each) => Math.max(longest, each), 0)
}

/** How many records of open spans a recorder has stored. */
function counting(recorder: Recorder): { readonly recorder: Recorder; stored(): number } {
  let stored = 0
  const record: Recorder['record'] = async (spans) => {
    await recorder.record(spans)
    for (const { finish } of spans) if (finish === undefined) stored++
  }
  return { recorder: { ...recorder, record }, stored: () => stored }
}

const folder = process.argv[2] ?? '.'
let runs = 0

answerQuestions(async (question) => {
  const count = numberIn(question, 'spans')
  const isRecording = numberIn(question, 'recording') === 1
  const { recorder, stored } = counting(yamlRecorder({ path: join(folder, `turns-${process.pid}-${runs++}.yaml`) }))
  const tracer = createTracer({ recorder, openAfter: isRecording ? OPEN_AFTER : false })
  const open: ActiveSpan[] = []
  const openAll = async (): Promise<void> => {
    for (let at = 0; at < count; at++) {
      open.push(tracer.start('request', 'GET /users/:id', { root: true }))
      if (at % A_TURN === 0) await turn()
    }
  }
  const turns = new Turns()
  const watching = turns.watch(numberIn(question, 'rest') === 1)
  await openAll()
  if (isRecording) while (stored() < count) await sleep(10)
  else await sleep(1.25 * OPEN_AFTER)
  await openAll()
  const closing = performance.now()
  await tracer.close({ timeout: 60_000 })
  const closed = performance.now()
  if (isRecording && stored() < 2 * count) throw new Error(`${stored()} of ${2 * count} open spans were recorded`)
  await turns.end()
  await watching
  const whileOpen = turns.longest(0, closing)
  const whileClosing = turns.longest(closing, closed)
  return {
    value: whileOpen.used,
    close: whileClosing.used,
    clock: Math.max(whileOpen.clock, whileClosing.clock),
    collection: turns.longestCollection(),
  }
})
