import { describe, expect, test } from '@jest/globals'
import { currentSpan, currentSpanId, currentTraceId } from '../../src/context/context.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { go, span } from '../../src/tracing/free-functions.js'

function aTracer() {
  const recorder = memoryRecorder()
  const logger = { warn: () => {} }
  return { tracer: createTracer({ service: 'users', recorder, logger, sample: () => false }), recorder }
}

describe('an unsampled trace', () => {
  test('records nothing, and carries its ids', async () => {
    const { tracer, recorder } = aTracer()
    const error = new Error('x')
    await tracer.trace('work', 'above', async (above) => {
      expect(above.sampled).toBe(false)
      expect([above.traceId > 0n, above.spanId > 0n]).toEqual([true, true])
      await null
      expect([currentTraceId(), currentSpanId()]).toEqual([above.traceId, above.spanId])
      await span('work', 'below', async (below) => {
        below.data['x'] = 1
        expect([below.sampled, below.traceId, below.name]).toEqual([false, above.traceId, 'below'])
        await expect(tracer.span('work', 'fails', () => Promise.reject(error))).rejects.toBe(error)
        expect(currentTraceId()).toBe(above.traceId)
      })
      const kept = tracer.start('work', 'by hand')
      expect(kept.run(() => currentSpan())).toBe(kept)
      kept.finish()
      go('work', 'on its own', () => Promise.reject(error))
    })
    await new Promise(setImmediate)
    await tracer.flush()
    expect(recorder.spans).toEqual([])
    expect(tracer.stats()).toMatchObject({ started: 5, unsampled: 5, open: 0, recorded: 0 })
    expect(currentSpan()).toBeUndefined()
  })

  test('starts a lazy thenable once, in its context', async () => {
    const { tracer } = aTracer()
    let starts = 0
    const ids: bigint[] = []
    const lazy: PromiseLike<number> = {
      then: (resolve) => {
        ids.push(currentTraceId())
        return Promise.resolve(++starts).then(resolve)
      },
    }
    const traceId = await tracer.trace('work', 'above', async (s) => {
      await tracer.span('work', 'below', () => lazy)
      return s.traceId
    })
    expect(await tracer.trace('work', 'above', () => lazy, { traceId })).toBe(2)
    expect(ids).toEqual([traceId, traceId])
  })
})

describe('span outside a trace', () => {
  test('calls its function with a span that records nothing', async () => {
    const result = span('db', 'load', (s) => {
      s.data['rows'] = 1
      s.name = 'other'
      s.fail(new Error('x'))
      s.finish()
      expect([s.spanId, s.traceId, s.parentId, s.kind, s.name]).toEqual([0n, 0n, 0n, 'db', 'other'])
      expect(s.data).toEqual({ rows: 1 })
      expect(currentSpan()).toBeUndefined()
      return s.run((inner) => inner === s)
    })
    expect(result).toBe(true)
  })

  test('passes errors on, and starts a lazy thenable once', async () => {
    const error = new Error('x')
    expect(() =>
      span('db', 'load', () => {
        throw error
      }),
    ).toThrow(error)
    let starts = 0
    const lazy: PromiseLike<number> = { then: (resolve) => Promise.resolve(++starts).then(resolve) }
    expect(await span('db', 'load', () => lazy)).toBe(1)
    expect(starts).toBe(1)
  })
})
