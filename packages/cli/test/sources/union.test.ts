import { expect, test } from '@jest/globals'
import { memoryRecorder, type Span, type TraceQuery } from '@trace/core'
import { listTraces } from '@trace/core/store'
import { unionOf } from '../../src/sources/union.js'
import { storySpans } from '../support/story.js'

/** A store of its own for each service, and one for all. */
async function stores() {
  const spans = storySpans()
  const parts = new Map<string, Span[]>()
  for (const span of spans) parts.set(span.process, [...(parts.get(span.process) ?? []), span])
  const readers = [...parts.values()].map((part) => {
    const recorder = memoryRecorder()
    recorder.record(part)
    return recorder
  })
  return { union: unionOf(readers), spans }
}

const isSlow = ({ start, finish = start }: Span): boolean => finish - start > 15_000_000n

test.each<[string, TraceQuery]>([
  ['all', {}],
  ['the newest', { limit: 1 }],
  ['the newest two that failed', { limit: 2, error: true }],
  ['those that did not fail', { error: false, limit: 3 }],
  ['those that took long', { minDuration: 400_000_000n }],
  ['those of a kind, though parts of others begin with it', { kind: 'request', limit: 4 }],
  ['those with a first span of a name that parts of others begin with', { name: 'GET /stock/:item' }],
  ['those with spans of a service', { service: 'inventory', limit: 3 }],
  ['those that meet conditions in different stores', { service: 'inventory', data: { 'user.id': 42 }, limit: 2 }],
  ['those with a span', { where: isSlow, limit: 3 }],
  ['those of a time', { from: storySpans()[10]?.start ?? 0n, to: (storySpans()[30]?.start ?? 0n) + 1n }],
  ['ledgers', { kind: 'ledger' }],
])('lists as one store would: %s', async (_what, query) => {
  const { union, spans } = await stores()
  const { traces } = await union.traces(query)
  expect(traces).toEqual(listTraces(spans, query))
})

test('a trace has its spans of all stores', async () => {
  const { union, spans } = await stores()
  const traceId = spans[0]?.traceId ?? 0n
  const found = await union.trace(traceId)
  expect(found.spans).toHaveLength(7)
  expect(found).toMatchObject({ skipped: 0, places: [] })
})

test('follows all stores until the signal aborts', async () => {
  const recorders = [memoryRecorder(), memoryRecorder()]
  const [span] = storySpans()
  if (span === undefined) throw new Error('there is no span')
  const stop = new AbortController()
  const seen: bigint[] = []
  const followed = (async () => {
    for await (const batch of unionOf(recorders).follow?.({ signal: stop.signal }) ?? []) {
      seen.push(...batch.map(({ spanId }) => spanId))
      if (seen.length === 2) stop.abort()
    }
  })()
  // Both are followed from the next turn on.
  await new Promise((resolve) => setImmediate(resolve))
  for (const [at, recorder] of recorders.entries()) recorder.record([{ ...span, spanId: BigInt(at + 1) }])
  await followed
  expect(seen.sort()).toEqual([1n, 2n])
})
