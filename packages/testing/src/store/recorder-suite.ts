import { deepStrictEqual, equal, match, ok } from 'node:assert/strict'
import { createTracer, RecordError, type Recorder, type Span } from '@trace/core'
import { type Case, type RecorderSuiteOptions, type SpanSource, type TestStore, withStore } from '../suite.js'
import { assertStored, MILLISECOND, makeSpan, START, withData } from './spans.js'
import { oddKeys, valueKinds } from './values.js'

type Body = (store: TestStore<SpanSource>) => Promise<void>

/** The largest id of the Go package, and the largest of all. */
const INT64 = 2n ** 63n - 1n
const UINT64 = 2n ** 64n - 1n
/** A start beyond RFC 3339. */
const BEYOND_TIME = 10n ** 30n

/**
 * The cases that every recorder must pass, for any test runner.
 *
 * @param options how to open a store, and what it cannot do
 */
export function recorderSuite(options: RecorderSuiteOptions): readonly Case[] {
  const cases: Case[] = []
  const add = (name: string, body: Body): void => {
    cases.push({
      name,
      run: () =>
        withStore(
          () => options.open(),
          (store) => closing(store, body),
        ),
    })
  }
  addFields(add, options)
  addBatches(add)
  if (options.openSpans !== false) addOpenSpans(add)
  if (options.poison !== false) addFailures(add, options.poison ?? { start: BEYOND_TIME, finish: BEYOND_TIME })
  addEndings(add)
  const { openForeign } = options
  if (openForeign !== undefined) cases.push(foreignCase(openForeign.bind(options)))
  return cases
}

async function closing(store: TestStore<SpanSource>, body: Body): Promise<void> {
  try {
    await body(store)
  } finally {
    await store.recorder.close?.()
  }
}

type Add = (name: string, body: Body) => void

function addFields(add: Add, options: RecorderSuiteOptions): void {
  const roundTrip = (name: string, spans: () => readonly Span[]): void =>
    add(name, async ({ recorder, reader }) => {
      const given = spans()
      await recorder.record(given)
      await assertStored(reader, given, options)
    })
  add('has a name', async ({ recorder }) => {
    equal(typeof recorder.name, 'string')
    ok(recorder.name !== '')
  })
  roundTrip('keeps every field', () => [makeSpan({ parentId: 7n, data: { rows: 2 } })])
  roundTrip('keeps spans without process, kind and name', () => [makeSpan({ process: '', kind: '', name: '' })])
  roundTrip('keeps texts of odd characters in process, kind and name', () => [
    makeSpan({ process: 'weird: #1\n', kind: '- x', name: 'GET /a b?x=1&y=[2]#f: "q" 🚀\u2028' }),
    makeSpan({ process: 'yes', kind: 'null', name: '123' }),
  ])
  roundTrip('keeps ids at both ends of int64', () => [
    makeSpan({ spanId: 1n, traceId: INT64, parentId: 0n }),
    makeSpan({ spanId: INT64, traceId: INT64, parentId: INT64 - 1n }),
    makeSpan({ spanId: 2n ** 53n + 1n, traceId: INT64, parentId: 1n }),
  ])
  if (options.unsignedIds !== false) {
    roundTrip('keeps ids of the upper unsigned range', () => [
      makeSpan({ spanId: UINT64, traceId: UINT64, parentId: UINT64 - 1n }),
      makeSpan({ spanId: INT64 + 1n, traceId: UINT64, parentId: INT64 + 1n }),
    ])
  }
  roundTrip('keeps times to the nanosecond, and durations of zero and below', () => [
    ...[START, START + 1n, START - (START % 1_000_000_000n), 0n, 1n].map((start) => makeSpan({ start })),
    makeSpan({ finish: START }),
    makeSpan({ finish: START - 5n }),
  ])
  roundTrip('keeps times before 1970 and of the year 9999', () => [
    makeSpan({ start: -1n, finish: 0n }),
    makeSpan({ start: -1_500_000_000n }),
    makeSpan({ start: 253_402_300_799_000_000_000n, finish: 253_402_300_799_999_999_999n }),
  ])
  for (const [name, data] of Object.entries(valueKinds(options))) roundTrip(`keeps ${name}`, () => [withData(data)])
  roundTrip('keeps every key', () => [withData(oddKeys())])
}

function addBatches(add: Add): void {
  add('takes an empty batch', async ({ recorder }) => {
    await recorder.record([])
  })
  add('stores large batches', async ({ recorder, reader }) => {
    const spans = Array.from({ length: 1_500 }, (_, at) => makeSpan({ data: { at } }))
    await recorder.record(spans)
    await assertStored(reader, spans)
  })
  add('stores one trace over many batches, in any order', async ({ recorder, reader }) => {
    const spans = Array.from({ length: 30 }, (_, at) => makeSpan({ start: START - BigInt(at), parentId: BigInt(at) }))
    for (let at = 0; at < spans.length; at += 10) await recorder.record(spans.slice(at, at + 10).reverse())
    await assertStored(reader, spans)
  })
  add('stores traces apart', async ({ recorder, reader }) => {
    const [one, other] = [makeSpan({ traceId: 11n }), makeSpan({ traceId: 12n })]
    const sameId = makeSpan({ traceId: 12n, spanId: one.spanId })
    await recorder.record([one, other, sameId])
    await assertStored(reader, [one])
    await assertStored(reader, [other, sameId])
  })
  add('keeps the last of a span that is recorded twice', async ({ recorder, reader }) => {
    const first = makeSpan({ name: 'first' })
    const second = { ...first, name: 'second' }
    await recorder.record([first, second])
    await assertStored(reader, [second])
    const third = { ...first, name: 'third', data: { other: 1 } }
    await recorder.record([third])
    await assertStored(reader, [third])
  })
  add('does not change the spans that it is given', async ({ recorder, reader }) => {
    const span = Object.freeze({ ...makeSpan(), data: Object.freeze({ list: Object.freeze([1]) }) })
    await recorder.record(Object.freeze([span]))
    await assertStored(reader, [span])
  })
}

function addOpenSpans(add: Add): void {
  add('replaces an open span by the finished one', async ({ recorder, reader }) => {
    const open = makeSpan({ finish: undefined, data: { rows: 1 } })
    await recorder.record([open])
    await assertStored(reader, [open])
    const finished = { ...open, finish: open.start + MILLISECOND, data: { rows: 2 } }
    await recorder.record([finished])
    await assertStored(reader, [finished])
  })
  add('takes an open and the finished span in one batch', async ({ recorder, reader }) => {
    const finished = makeSpan()
    await recorder.record([{ ...finished, finish: undefined }, finished])
    await assertStored(reader, [finished])
  })
}

function addFailures(add: Add, poison: Partial<Span>): void {
  add('names exactly the spans of a batch that it cannot store', async ({ recorder, reader }) => {
    const whole = Array.from({ length: 60 }, () => makeSpan())
    const bad = makeSpan(poison)
    const error = await failureOf(recorder, [...whole.slice(0, 30), bad, ...whole.slice(30)])
    ok(error instanceof RecordError, `expected a RecordError, got ${String(error)}`)
    deepStrictEqual(error.spans, [bad])
    match(error.message, /\S/)
    await assertStored(reader, whole)
  })
  add('goes on after a failure', async ({ recorder, reader }) => {
    const error = await failureOf(recorder, [makeSpan(poison)])
    ok(error instanceof Error, 'expected an error where no span can be stored')
    const whole = makeSpan()
    await recorder.record([whole])
    await assertStored(reader, [whole])
  })
}

async function failureOf(recorder: Recorder, spans: readonly Span[]): Promise<unknown> {
  try {
    await recorder.record(spans)
    return undefined
  } catch (error) {
    return error
  }
}

function addEndings(add: Add): void {
  add('stores the spans of a tracer that is flushed, and of one that is closed', async ({ recorder, reader }) => {
    const tracer = createTracer({ recorder, service: 'suite' })
    tracer.trace('task', 'one', () => tracer.span('work', 'two', () => {}), { traceId: 5n })
    deepStrictEqual((await tracer.flush()).left, 0)
    equal((await reader.trace(5n)).spans.length, 2)
    tracer.start('task', 'three', { traceId: 5n }).finish()
    deepStrictEqual((await tracer.close()).left, 0)
    equal((await reader.trace(5n)).spans.length, 3)
    equal(tracer.stats().recorded, 3)
  })
  add('stores spans on exit, if it has recordSync', async ({ recorder, reader }) => {
    const spans = [makeSpan(), makeSpan()]
    if (recorder.recordSync === undefined) return
    await recorder.record(spans.slice(0, 1))
    // Spans in flight at exit may be stored twice.
    recorder.recordSync(spans)
    await assertStored(reader, spans)
  })
  // Every case ends by closing.
  add('closes without a record', async () => {})
}

function foreignCase(openForeign: NonNullable<RecorderSuiteOptions['openForeign']>): Case {
  const name = 'leaves open what it was handed'
  const run = (): Promise<void> =>
    withStore(openForeign, async (store) => {
      const span = makeSpan()
      await store.recorder.record([span])
      await store.recorder.close?.()
      ok(await store.isOpen(), 'the recorder closed what it was handed')
      await assertStored(store.reader, [span])
    })
  return { name, run }
}
