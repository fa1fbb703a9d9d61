import { describe, expect, test } from '@jest/globals'
import { currentSpan, currentSpanId, currentTraceId, isTracing, outsideTraces } from '../../src/context/context.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { go, span } from '../../src/tracing/free-functions.js'
import { remoteSpan } from '../../src/tracing/unrecorded-span.js'

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

describe('a span of another process', () => {
  const remote = { upperTraceId: 7n, traceState: 'a=1', isRandom: false }
  const origin = { traceId: 5n, parentId: 6n, remote, process: 'worker:1@host' }

  function recorded(sample?: () => boolean) {
    const recorder = memoryRecorder()
    const warnings: string[] = []
    const logger = { warn: (message: string) => void warnings.push(message) }
    return {
      tracer: createTracer({ service: 'users', recorder, logger, ...(sample && { sample }) }),
      recorder,
      warnings,
    }
  }

  test('is the current one, is not recorded, and has children that continue its trace', async () => {
    const { tracer, recorder } = recorded()
    const other = remoteSpan(tracer, origin)
    expect(other).toMatchObject({ traceId: 5n, spanId: 6n, parentId: 0n, sampled: true, recording: false, remote })
    await other.run(async () => {
      expect([currentSpan(), isTracing(), outsideTraces(isTracing)]).toEqual([other, true, false])
      await span('work', 'first', () => span('work', 'below', () => expect(isTracing()).toBe(true)))
      go('work', 'second', () => {})
      tracer.start('work', 'third', { start: 9n, process: 'mine' }).finish()
      tracer.trace('work', 'new', () => {})
      expect(currentSpan()).toBe(other)
    })
    other.fail(new Error('not mine'))
    other.finish()
    await tracer.close()
    const spans = recorder.spans.map(({ name, traceId, upperTraceId, parentId, process, data }) => [
      name,
      ...(traceId === 5n ? [upperTraceId, parentId] : []),
      process === tracer.process ? '' : process,
      data['w3c.trace_id'] !== undefined && data['parent.remote'] === true,
    ])
    const first = recorder.spans.find(({ name }) => name === 'first')
    expect(spans).toEqual([
      ['below', 7n, first?.spanId, '', false],
      ['first', 7n, 6n, 'worker:1@host', true],
      ['second', 7n, 6n, 'worker:1@host', true],
      ['third', 7n, 6n, 'mine', true],
      ['new', '', false],
    ])
    expect(recorder.spans.find(({ name }) => name === 'third')?.start).toBe(9n)
  })

  test('that is not sampled has children that are not, either, unless the sampler says so', async () => {
    for (const sample of [undefined, () => true]) {
      const { tracer, recorder } = recorded(sample)
      remoteSpan(tracer, { ...origin, sampled: false }).run((other) => {
        expect([other.sampled, isTracing()]).toEqual([false, true])
        span('work', 'child', (child) => {
          expect([currentSpan(), child.traceId, child.remote]).toEqual([child, 5n, remote])
          expect([child.parentId, child.sampled, isTracing()]).toEqual([6n, sample !== undefined, sample !== undefined])
        })
      })
      expect((await tracer.close()).lost + recorder.spans.length).toBe(sample === undefined ? 0 : 1)
    }
  })

  test('with ids that are none gives its children new ones, and warns', async () => {
    const { tracer, recorder, warnings } = recorded()
    remoteSpan(tracer, { traceId: -5n, parentId: 2n ** 70n }).run(() => span('work', 'child', () => {}))
    await tracer.close()
    expect(recorder.spans).toMatchObject([{ name: 'child', parentId: 0n }])
    expect(warnings[0]).toContain('a new trace id is used')
  })
})
