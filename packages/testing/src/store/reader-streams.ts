import { deepStrictEqual, equal, ok, rejects } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Span, SpanQuery } from '@trace/core'
import { eachOnce, matchesSpanQuery } from '@trace/core/store'
import type { ReaderSuiteOptions, TestStore } from '../suite.js'
import { assertSame, makeSpan, START } from './spans.js'
import { askEach, SPAN_QUERIES, someTraces } from './traces.js'

// The cases of what a reader gives bit by bit, where it can: `scan` and `follow`.

export type Body = (store: TestStore) => Promise<void>
export type Add = (name: string, body: Body) => void

export function addScan(add: Add, options: ReaderSuiteOptions): void {
  const given = someTraces(options)
  const scanned = async ({ reader }: TestStore, query?: SpanQuery): Promise<Span[]> => {
    const spans: Span[] = []
    for await (const batch of reader.scan?.(query) ?? []) {
      deepStrictEqual([batch.skipped, batch.places, batch.incomplete], [0, [], undefined])
      spans.push(...batch.spans)
    }
    return eachOnce(spans).sort(byId)
  }
  add('scans by each condition, and by several', async (store) => {
    if (store.reader.scan === undefined) return
    for (let at = 0; at < given.length; at += 40) await store.recorder.record(given.slice(at, at + 40))
    await askEach(SPAN_QUERIES, async (query) => {
      const wanted = eachOnce(given.filter((span) => matchesSpanQuery(span, query ?? {})))
      assertSame(await scanned(store, query), wanted.sort(byId))
    })
  })
  add('scans an empty time range, and can be left before the end', async (store) => {
    const { recorder, reader } = store
    if (reader.scan === undefined) return
    await recorder.record([makeSpan(), makeSpan()])
    deepStrictEqual(await scanned(store, { from: START + 5_000n, to: START + 5_000n }), [])
    for await (const _ of reader.scan()) break
    equal((await scanned(store)).length, 2)
  })
  add('rejects a scan for a wrong condition, and when its signal aborts', async ({ recorder, reader }) => {
    if (reader.scan === undefined) return
    await recorder.record([makeSpan()])
    for (const query of [{ form: 1n }, { from: 1 }, { to: '1' }, { kind: /x/ }]) {
      const batches: AsyncIterable<unknown> = Reflect.apply(reader.scan, reader, [query])
      await rejects(batches[Symbol.asyncIterator]().next(), { code: 'TRACE_BAD_QUERY' })
    }
    const reason = new Error('enough')
    const batches = reader.scan({}, { signal: AbortSignal.abort(reason) })
    await rejects(batches[Symbol.asyncIterator]().next(), (error) => error === reason)
  })
}

export function addPlaces(add: Add): void {
  add(
    'tells before it gives spans where each stands, each elsewhere, if it tells that',
    async ({ recorder, reader }) => {
      await recorder.record([makeSpan({ traceId: 71n }), makeSpan({ traceId: 72n }), makeSpan({ traceId: 71n })])
      const told = new Map<Span, string>()
      const onPlace = (span: Span, place: string): void => void told.set(span, place)
      const placesOf = (spans: readonly Span[]): (string | undefined)[] =>
        spans.filter(({ traceId }) => traceId === 71n).map((span) => told.get(span))
      const places = placesOf((await reader.trace(71n, { onPlace })).spans)
      if (told.size === 0) return
      deepStrictEqual([places.length, new Set(places).size], [2, 2])
      for (const place of told.values())
        ok(place !== '' && !place.includes('\n'), `a place is ${JSON.stringify(place)}`)
      if (reader.scan === undefined) return
      const scanned: (string | undefined)[] = []
      for await (const { spans } of reader.scan({}, { onPlace })) scanned.push(...placesOf(spans))
      deepStrictEqual(scanned.sort(), places.sort())
    },
  )
}

function byId(a: Span, b: Span): number {
  return a.spanId < b.spanId ? -1 : 1
}

/** How long `follow` may take to notice a new span or an abort, in ms. */
const PATIENCE = 5_000
/** Time between two records for `follow`, in ms. Several are needed, because nothing tells when it has begun. */
const PACE = 100

export function addFollow(add: Add): void {
  add('follows what arrives, until its signal aborts', async ({ recorder, reader }) => {
    if (reader.follow === undefined) return
    await recorder.record([makeSpan({ name: 'before' })])
    const controller = new AbortController()
    const seen: Span[] = []
    const following = collect(reader.follow({ signal: controller.signal }), seen)
    const given: Span[] = []
    for (let waited = 0; seen.length < 5 && waited < PATIENCE; waited += PACE) {
      await sleep(PACE)
      given.push(makeSpan({ data: { at: given.length } }))
      await recorder.record(given.slice(-1))
    }
    controller.abort()
    await soon(following)
    ok(seen.length >= 5, `following gave ${seen.length} of ${given.length} spans in ${PATIENCE} ms`)
    const first = given.findIndex(({ spanId }) => spanId === seen[0]?.spanId)
    assertSame(seen, given.slice(first, first + seen.length))
  })
  add('follows nothing if the signal has already aborted', async ({ reader }) => {
    if (reader.follow === undefined) return
    const seen: Span[] = []
    await soon(collect(reader.follow({ signal: AbortSignal.abort() }), seen))
    deepStrictEqual(seen, [])
  })
}

async function collect(batches: AsyncIterable<readonly Span[]>, into: Span[]): Promise<void> {
  for await (const batch of batches) into.push(...batch)
}

async function soon(following: Promise<void>): Promise<void> {
  const settled = new AbortController()
  const late = sleep(PATIENCE, 'late', { signal: settled.signal }).catch(() => '')
  const end = await Promise.race([following, late])
  settled.abort()
  ok(end !== 'late', `following did not end within ${PATIENCE} ms of its signal's abort`)
}
