import { describe, expect, jest, test } from '@jest/globals'
import type { TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'
import { ratio } from '../../src/tracing/sampler.js'
import { generateId } from '../../src/values/ids.js'

function aTracer(options: Partial<TracerOptions> = {}) {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  return { tracer: createTracer({ service: 'users', recorder, logger: { warn }, ...options }), recorder, warn }
}

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
