import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { type ActiveSpan, createTracer, RecordError, type Recorder, type Span, type Tracer } from '../../src/index.js'

/** What a program and its recorder do next. Numbers choose among the spans that are open. */
type Step =
  | { readonly do: 'trace'; readonly isSampled: boolean }
  | { readonly do: 'child' | 'finish' | 'finish again' | 'fail' | 'finish with error data'; readonly at: number }
  | { readonly do: 'stores' | 'loses' | 'loses some' | 'puts off' | 'puts off some' | 'burst' | 'flush' | 'turn' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('trace' as const), isSampled: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('child', 'child', 'finish', 'finish', 'finish again', 'fail', 'finish with error data'),
      at: fc.nat(1_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('stores', 'loses', 'loses some', 'puts off', 'puts off some', 'burst', 'flush', 'turn'),
    }),
  },
)

/** A recorder that answers when it is told to, and keeps what it has stored. */
class Told implements Recorder {
  readonly name = 'told'
  readonly durable = true
  readonly stored = new Map<bigint, Span>()
  #batch: readonly Span[] = []
  #answer: ((error?: Error) => void) | undefined
  /** Whether it stores all at once. */
  isFree = false

  record(spans: readonly Span[]): Promise<void> | undefined {
    this.#batch = spans
    if (this.isFree) {
      this.#keep(spans)
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.#answer = (error) => (error === undefined ? resolve() : reject(error))
    })
  }

  recordSync(spans: readonly Span[]): void {
    this.#keep(spans)
  }

  /** @param part of the batch is stored @param retry whether the rest may be tried again */
  answer(part: number, retry: boolean): void {
    const answer = this.#answer
    if (answer === undefined) return
    this.#answer = undefined
    const at = Math.floor(this.#batch.length * part)
    this.#keep(this.#batch.slice(0, at))
    const rest = this.#batch.slice(at)
    answer(rest.length === 0 ? undefined : new RecordError('told so', rest, { retry }))
  }

  /** From now on it stores all at once. */
  free(): void {
    this.isFree = true
    this.answer(1, false)
  }

  #keep(spans: readonly Span[]): void {
    for (const span of spans) if (span.finish !== undefined) this.stored.set(span.spanId, span)
  }
}

function expectBalance(tracer: Tracer, started: number): void {
  const { badInput: _, stores: __, started: counted, ...states } = tracer.stats()
  const sum = Object.values(states).reduce((total, count) => total + count, 0)
  const negative = Object.values(states).filter((count) => count < 0)
  // Without a matcher where all is well: matchers took two thirds of the time.
  if (counted === started && sum === started && negative.length === 0) return
  expect({ counted, sum, negative }).toEqual({ counted: started, sum: started, negative: [] })
}

async function play(steps: readonly Step[], end: 'close' | 'kept open'): Promise<void> {
  const recorder = new Told()
  let isSampled = true
  const tracer = createTracer({
    service: 'users',
    recorder,
    sample: () => isSampled,
    keep: { errors: true, buffer: 6 },
    buffer: 8,
    batch: 3,
    flushTimeout: 60_000,
    logger: { warn() {} },
  })
  let started = 0
  const open: ActiveSpan[] = []
  const finished: ActiveSpan[] = []
  const start = (make: () => ActiveSpan): void => {
    started++
    open.push(make())
  }
  const take = (at: number): ActiveSpan | undefined => {
    const [span] = open.splice(at % Math.max(1, open.length), 1)
    if (span !== undefined) finished.push(span)
    return span
  }
  const waiting: Promise<unknown>[] = []
  for (const each of steps) {
    switch (each.do) {
      case 'trace':
        isSampled = each.isSampled
        start(() => tracer.start('task', 't', { root: true }))
        break
      case 'child': {
        const parent = open[each.at % Math.max(1, open.length)]
        if (parent !== undefined) start(() => parent.run(() => tracer.start('work', 'w')))
        break
      }
      case 'finish':
        take(each.at)?.finish()
        break
      case 'finish again':
        finished[each.at % Math.max(1, finished.length)]?.finish()
        break
      case 'fail':
        open[each.at % Math.max(1, open.length)]?.fail(new Error('no'))
        break
      case 'finish with error data': {
        const span = take(each.at)
        if (span !== undefined) span.data['error.type'] = 'Error'
        span?.finish()
        break
      }
      case 'burst':
        for (let count = 0; count < 5; count++) start(() => tracer.start('task', 'b', { root: true }))
        for (let count = 0; count < 5; count++) take(open.length - 1)?.finish()
        break
      case 'flush':
        waiting.push(tracer.flush())
        break
      case 'turn':
        await turn()
        break
      default:
        recorder.answer(each.do.endsWith('some') ? 0.5 : each.do === 'stores' ? 1 : 0, each.do.startsWith('puts off'))
        await turn()
    }
    expectBalance(tracer, started)
  }
  recorder.free()
  if (end === 'close') await tracer.close()
  for (let span = take(0); span !== undefined; span = take(0)) span.finish()
  if (end === 'kept open') await tracer.idle()
  await Promise.all(waiting)
  expectBalance(tracer, started)
  const { open: left, held, queued, inFlight, recorded, dropped, failed } = tracer.stats()
  expect({ left, held, queued, inFlight }).toEqual({ left: 0, held: 0, queued: 0, inFlight: 0 })
  await tracer.close()
  const spans = [...recorder.stored.values()]
  const ledgers = spans.filter(({ kind }) => kind === 'ledger')
  expect(recorded).toBe(spans.length - ledgers.length)
  if (end === 'close') return
  const sum = (key: string): number => ledgers.reduce((total, { data }) => total + Number(data[key] ?? 0), 0)
  expect([sum('started'), sum('recorded')]).toEqual([started, recorded])
  expect([sum('dropped.queue_full') + sum('dropped.closed'), sum('failed')]).toEqual([dropped, failed])
}

test('the states of all spans add up at any moment, whatever a program and its recorder do, and the stored ledgers say the same', async () => {
  const ends = fc.constantFrom('close' as const, 'kept open' as const)
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), ends, play), { numRuns: runs(150) })
}, 120_000)
