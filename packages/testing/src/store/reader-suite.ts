import { deepStrictEqual, equal, ok, rejects } from 'node:assert/strict'
import { createTracer, memoryRecorder } from '@trace/core'
import { eachOnce } from '@trace/core/store'
import { type Case, type ReaderSuiteOptions, withStore } from '../suite.js'
import { type Add, addFollow, addPlaces, addScan, type Body } from './reader-streams.js'
import { assertSame, makeSpan, START } from './spans.js'
import { askEach, QUERIES, someTraces } from './traces.js'

/**
 * The cases that every reader must pass, for any test runner. `scan` and `follow` are tested if the reader has them.
 *
 * @param options how to open a store, and what it cannot do
 */
export function readerSuite(options: ReaderSuiteOptions): readonly Case[] {
  const cases: Case[] = []
  const add = (name: string, body: Body): void => {
    const use: Body = async (store) => {
      try {
        await body(store)
      } finally {
        await store.recorder.close?.()
      }
    }
    cases.push({ name, run: () => withStore(() => options.open(), use) })
  }
  addTrace(add, options)
  addTraces(add, options)
  addRefusals(add)
  addProcess(add, options)
  addSignals(add)
  addScan(add, options)
  addPlaces(add)
  addFollow(add)
  return cases
}

const COMPLETE = { skipped: 0, places: [], incomplete: undefined }

function addTrace(add: Add, { openSpans = true }: ReaderSuiteOptions): void {
  add('has a name', async ({ reader }) => {
    equal(typeof reader.name, 'string')
    ok(reader.name !== '')
  })
  add('gives the spans of one trace, and reports nothing', async ({ recorder, reader }) => {
    const [one, other] = [makeSpan({ traceId: 21n }), makeSpan({ traceId: 22n })]
    await recorder.record([one, other])
    const { spans, skipped, places, incomplete } = await reader.trace(21n)
    assertSame(spans, [one])
    deepStrictEqual({ skipped, places, incomplete }, COMPLETE)
  })
  add('gives no spans of a trace that is not there', async ({ recorder, reader }) => {
    await recorder.record([makeSpan({ traceId: 21n })])
    for (const id of [2n, 210n, 2n ** 63n - 1n]) deepStrictEqual((await reader.trace(id)).spans, [])
  })
  add('gives each span once: its last record, and a finished one before an open one', async ({ recorder, reader }) => {
    const [one, other] = [makeSpan(), makeSpan()]
    const records = [one, other, { ...one, name: 'later' }]
    if (openSpans) records.push({ ...other, finish: undefined, name: 'open' })
    for (const span of records) await recorder.record([span])
    assertSame((await reader.trace(1n)).spans, eachOnce(records))
  })
  add('reads at the same time', async ({ recorder, reader }) => {
    const spans = [31n, 32n, 33n].map((traceId) => makeSpan({ traceId }))
    await recorder.record(spans)
    const found = await Promise.all(spans.map(({ traceId }) => reader.trace(traceId)))
    for (const [at, { spans: those }] of found.entries()) assertSame(those, spans.slice(at, at + 1))
  })
}

/** Compares each list with that of core's memory reader. */
function addTraces(add: Add, options: ReaderSuiteOptions): void {
  const given = someTraces(options)
  // One store for all of them: to open and fill it takes longer than a list.
  add(`lists by each condition, and by several`, async ({ recorder, reader }) => {
    const memory = memoryRecorder()
    for (let at = 0; at < given.length; at += 40) {
      await recorder.record(given.slice(at, at + 40))
      await memory.record(given.slice(at, at + 40))
    }
    await askEach(QUERIES, async (query) => {
      const { traces, skipped, places, incomplete } = await reader.traces(query)
      deepStrictEqual(traces, (await memory.traces(query)).traces)
      deepStrictEqual({ skipped, places, incomplete }, COMPLETE)
    })
  })
  add('lists traces recorded since the last list', async ({ recorder, reader }) => {
    await recorder.record([makeSpan({ traceId: 41n })])
    equal((await reader.traces()).traces.length, 1)
    await recorder.record([makeSpan({ traceId: 42n, start: START + 1n })])
    deepStrictEqual(
      (await reader.traces()).traces.map(({ traceId }) => traceId),
      [42n, 41n],
    )
  })
}

/** What a reader must not take for a condition or an id. */
function addRefusals(add: Add): void {
  add('refuses a limit that is not a positive integer', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    for (const limit of [0, -1, 1.5, NaN]) await rejects(reader.traces({ limit }), { code: 'TRACE_BAD_QUERY' })
  })
  add('refuses unknown conditions, and conditions of the wrong type', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    const wrong = {
      limt: 1,
      from: new Date(),
      to: 1,
      kind: 3,
      name: /x/,
      minDuration: 5,
      error: 'yes',
      limit: '1',
      service: 1,
      data: 'x',
      where: true,
    }
    for (const [name, value] of Object.entries(wrong)) {
      await rejects(Reflect.apply(reader.traces, reader, [{ [name]: value }]), { code: 'TRACE_BAD_QUERY' })
    }
  })
  add('rejects with what the condition `where` throws', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    const reason = new Error('no')
    const where = (): boolean => {
      throw reason
    }
    await rejects(reader.traces({ where }), (error) => error === reason)
  })
  add('refuses a trace id that is not a bigint', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    for (const id of ['1', 1, undefined, null]) {
      await rejects(Reflect.apply(reader.trace, reader, [id]), { code: 'TRACE_BAD_QUERY' })
    }
  })
}

/** What a tracer records beside finished spans. */
function addProcess(add: Add, { openSpans = true }: ReaderSuiteOptions): void {
  add('gives the ledger of a process, apart from its traces', async ({ recorder, reader }) => {
    const tracer = createTracer({ recorder, service: 'suite', ledger: true, buffer: 2, logger: { warn: () => {} } })
    for (let at = 0; at < 5; at++) tracer.start('task', 'some', { traceId: 51n }).finish()
    await tracer.close()
    deepStrictEqual(
      (await reader.traces()).traces.map(({ traceId }) => traceId),
      [51n],
    )
    const { traces } = await reader.traces({ kind: 'ledger' })
    const [ledger, ...others] = traces
    ok(ledger !== undefined && others.length === 0, `expected one ledger, got ${traces.length}`)
    const { spans } = await reader.trace(ledger.traceId)
    deepStrictEqual(
      spans.map(({ process, name, data }) => ({ process, name, data })),
      [{ process: tracer.process, name: 'spans', data: { started: 5, recorded: 2, 'dropped.queue_full': 3 } }],
    )
  })
  if (!openSpans) return
  add('gives spans as open that were open when their tracer was closed', async ({ recorder, reader }) => {
    const tracer = createTracer({ recorder, service: 'suite', ledger: false })
    const open = tracer.start('task', 'open', { traceId: 52n })
    open.data['rows'] = 2
    await open.run(() => tracer.span('work', 'done', async () => {}))
    await tracer.close()
    const { spans } = await reader.trace(52n)
    const [found, ...others] = spans.filter(({ finish }) => finish === undefined)
    deepStrictEqual([found?.name, found?.start, found?.data], ['open', open.start, { rows: 2 }])
    deepStrictEqual([spans.length, others.length], [2, 0])
    const [trace] = (await reader.traces()).traces
    deepStrictEqual([trace?.spans, trace?.open], [2, 1])
  })
}

function addSignals(add: Add): void {
  add('ends a read when its signal aborts, with the reason', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const isReason = (error: unknown): boolean => error === reason
    await rejects(reader.trace(1n, { signal }), isReason)
    await rejects(reader.traces({}, { signal }), isReason)
  })
  add('reads to the end if its signal does not abort', async ({ recorder, reader }) => {
    await recorder.record([makeSpan()])
    const { signal } = new AbortController()
    equal((await reader.trace(1n, { signal })).spans.length, 1)
    equal((await reader.traces({}, { signal })).traces.length, 1)
  })
}
