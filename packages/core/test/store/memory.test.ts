import { describe, expect, test } from '@jest/globals'
import type { Span } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { aSpan } from '../support/spans.js'

const traceAt = (traceId: bigint, start: bigint): Span => aSpan({ traceId, start, finish: start + 10n })

describe('memoryRecorder', () => {
  test('gives back the spans of a trace, each once', async () => {
    const memory = memoryRecorder()
    memory.record([aSpan({ finish: undefined }), traceAt(7n, 5n)])
    memory.record([aSpan({ name: 'finished' })])
    expect(await memory.trace(42n)).toEqual({ spans: [aSpan({ name: 'finished' })], skipped: 0, places: [] })
    expect(await memory.trace(8n)).toEqual({ spans: [], skipped: 0, places: [] })
  })

  test('lists traces newest first, with a limit and conditions', async () => {
    const memory = memoryRecorder()
    memory.record([1n, 3n, 2n].map((i) => traceAt(i, i * 100n)))
    memory.record([aSpan({ traceId: 9n, kind: 'ledger', start: 900n })])
    const ids = async (query = {}) => (await memory.traces(query)).traces.map((trace) => trace.traceId)
    expect(await ids()).toEqual([3n, 2n, 1n])
    expect(await ids({ limit: 1 })).toEqual([3n])
    expect(await ids({ to: 300n })).toEqual([2n, 1n])
    expect(await ids({ kind: 'ledger' })).toEqual([9n])
    await expect(memory.traces({ limit: 0 })).rejects.toThrow(/limit/)
  })

  test('forgets the oldest beyond its limit', () => {
    const memory = memoryRecorder({ limit: 2 })
    memory.record([1n, 2n, 3n].map((i) => traceAt(i, i)))
    expect(memory.spans.map((span) => span.traceId)).toEqual([2n, 3n])
    memory.clear()
    expect(memory.spans).toEqual([])
  })

  test('follows what arrives until the signal aborts', async () => {
    const memory = memoryRecorder()
    const stop = new AbortController()
    const seen: bigint[] = []
    memory.record([traceAt(1n, 1n)])
    const following = (async () => {
      for await (const spans of memory.follow?.({ signal: stop.signal }) ?? []) {
        for (const span of spans) seen.push(span.traceId)
        if (seen.length === 3) stop.abort()
      }
    })()
    await null
    memory.record([traceAt(2n, 2n), traceAt(3n, 3n)])
    await new Promise(setImmediate)
    memory.record([traceAt(4n, 4n)])
    await following
    expect(seen).toEqual([2n, 3n, 4n])
  })

  test('an aborted read rejects with the reason', async () => {
    const reason = new Error('enough')
    const options = { signal: AbortSignal.abort(reason) }
    await expect(memoryRecorder().trace(1n, options)).rejects.toBe(reason)
    await expect(memoryRecorder().traces({}, options)).rejects.toBe(reason)
  })

  test('scans in batches what it has when the scan begins', async () => {
    const memory = memoryRecorder({ limit: 2_500 })
    memory.record(Array.from({ length: 2_500 }, (_, at) => traceAt(BigInt(at + 1), 1n)))
    const sizes: number[] = []
    for await (const { spans } of memory.scan()) {
      sizes.push(spans.length)
      memory.record(spans)
    }
    expect(sizes).toEqual([1_000, 1_000, 500])
  })

  test('bad options', () => {
    expect(() => memoryRecorder({ limit: 0 })).toThrow(
      /memoryRecorder: option "limit": expected a whole number above 0, got 0/,
    )
  })
})
