import { describe, expect, jest, test } from '@jest/globals'
import { currentSpan, currentSpanId, currentTraceId } from '../../src/context/context.js'
import type { TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { go, span } from '../../src/tracing/free-functions.js'
import { ratio } from '../../src/tracing/sampler.js'
import { generateId } from '../../src/values/ids.js'

function aTracer(options: Partial<TracerOptions> = {}) {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  return { tracer: createTracer({ service: 'users', recorder, logger: { warn }, ...options }), recorder, warn }
}

describe('an unsampled trace', () => {
  test('records nothing, and carries its ids', async () => {
    const { tracer, recorder } = aTracer({ sample: () => false })
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
    const { tracer } = aTracer({ sample: () => false })
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

describe('who decides', () => {
  test.each<[string, Partial<TracerOptions>, boolean | undefined, boolean]>([
    ['nobody: recorded', {}, undefined, true],
    ['the caller', {}, false, false],
    ['the program overrules the caller', { sample: () => true }, false, true],
    ['the program, where the caller records', { sample: () => false }, true, false],
    ['the program leaves it to the caller', { sample: () => undefined }, false, false],
    ['the program leaves it to nobody', { sample: () => undefined }, undefined, true],
  ])('%s', (_who, options, sampled, expected) => {
    const { tracer } = aTracer(options)
    tracer.trace('work', 'w', (s) => expect(s.sampled).toBe(expected), sampled === undefined ? {} : { sampled })
  })

  test('the function gets kind, name and trace id, once a trace', () => {
    const sample = jest.fn(() => true)
    const { tracer } = aTracer({ sample })
    tracer.trace('work', 'w', () => span('db', 'x', () => {}), { traceId: 42n })
    expect(sample.mock.calls).toEqual([['work', 'w', 42n]])
  })

  test('a function that throws is a warning, and the trace is recorded', async () => {
    const { tracer, recorder, warn } = aTracer({
      sample: () => {
        throw new Error('no')
      },
    })
    tracer.trace('work', 'w', () => {})
    await tracer.flush()
    expect(recorder.spans).toHaveLength(1)
    expect(warn.mock.calls).toEqual([['trace: sample threw: no; the trace is recorded']])
  })

  test('that promises an answer counts as not deciding, and says so', async () => {
    const { tracer, recorder, warn } = aTracer({ sample: Object.assign(async () => false) })
    tracer.trace('work', 'w', () => {})
    await tracer.flush()
    expect(recorder.spans).toHaveLength(1)
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^trace: sample: expected true, false or undefined, got .*; the trace is recorded$/,
    )
    expect(tracer.stats().badInput).toBe(1)
  })
})

describe('ratio', () => {
  test('keeps about that part of all traces, and the same ones in every service', () => {
    const ids = Array.from({ length: 20_000 }, generateId)
    for (const part of [0.1, 0.5, 0.9]) {
      const kept = ids.filter((id) => ratio(part)('k', 'n', id))
      expect(kept.length / ids.length).toBeCloseTo(part, 1)
      expect(kept.every((id) => ratio(Math.min(1, part + 0.05))('other', 'name', id))).toBe(true)
    }
    expect(ids.some((id) => ratio(0)('k', 'n', id))).toBe(false)
    expect(ids.every((id) => ratio(1)('k', 'n', id))).toBe(true)
  })

  test.each([-0.1, 1.1, Number.NaN, '0.5' as unknown as number])('of %p is refused', (part) => {
    expect(() => ratio(part)).toThrow(/ratio: expected a number from 0 to 1, got/)
  })
})

describe('what a trace brought along from elsewhere', () => {
  const remote = { upperTraceId: 0xabn, traceState: 'a=1', isRandom: false }

  test('goes to all its spans, and the first keeps the whole id', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', () => span('work', 'x', (s) => expect(s.remote).toEqual(remote)), {
      traceId: 42n,
      parentId: 7n,
      remote,
    })
    await tracer.flush()
    expect(recorder.spans.map((s) => ({ ...s.data }))).toEqual([
      {},
      { 'parent.remote': true, 'w3c.trace_id': '00000000000000ab000000000000002a' },
    ])
  })

  test('goes on in a trace that is not sampled', () => {
    const { tracer } = aTracer()
    tracer.trace('work', 'w', () => span('work', 'x', (s) => expect(s.remote).toEqual(remote)), {
      remote,
      sampled: false,
    })
  })

  test('an upper half of 0 is not kept', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', () => {}, { remote: { upperTraceId: 0n, traceState: '', isRandom: false } })
    await tracer.flush()
    expect(recorder.spans[0]?.data).toEqual({})
  })
})
