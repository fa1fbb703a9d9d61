import { describe, expect, jest, test } from '@jest/globals'
import type { TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'
import { perSecond, ratio, rules } from '../../src/tracing/sampler.js'
import { generateId } from '../../src/values/random-ids.js'

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
    tracer.trace('work', 'w', () => {}, { traceId: 42n, sampled: false })
    tracer.trace('work', 'begins here', () => {})
    expect(sample.mock.calls).toEqual([
      ['work', 'w', 42n, undefined],
      ['work', 'w', 42n, false],
      ['work', 'begins here', expect.any(BigInt), undefined],
    ])
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

  test('an answer that cannot even be looked at counts as a throw', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const { tracer, warn } = aTracer({ sample: () => proxy as boolean })
    expect(tracer.trace('work', 'w', (s) => s.sampled)).toBe(true)
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^trace: sample threw: .*; the trace is recorded$/)]])
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
  test('keeps about that part of all traces, the same ones in every service, and those that the caller records', () => {
    const ids = Array.from({ length: 20_000 }, generateId)
    for (const part of [0.1, 0.5, 0.9]) {
      const kept = ids.filter((id) => ratio(part)('k', 'n', id))
      expect(kept.length / ids.length).toBeCloseTo(part, 1)
      expect(kept.every((id) => ratio(Math.min(1, part + 0.05))('other', 'name', id))).toBe(true)
    }
    expect(ids.some((id) => ratio(0)('k', 'n', id))).toBe(false)
    expect(ids.some((id) => ratio(0)('k', 'n', id, false))).toBe(false)
    expect(ids.every((id) => ratio(0)('k', 'n', id, true))).toBe(true)
    expect(ids.every((id) => ratio(1)('k', 'n', id))).toBe(true)
  })

  test.each([-0.1, 1.1, Number.NaN, '0.5' as unknown as number])('of %p is refused', (part) => {
    expect(() => ratio(part)).toThrow(/ratio: expected a number from 0 to 1, got/)
  })
})

describe('perSecond', () => {
  /** A sampler on a clock that the test sets. */
  async function clocked(count: number) {
    let now = 0n
    jest.resetModules()
    jest.unstable_mockModule('../../src/values/timers.js', () => ({ monotonic: () => now }))
    const { perSecond: create } = await import('../../src/tracing/sampler.js')
    const sampler = create(count)
    const begun = (tries: number, ms: number): number => {
      let kept = 0
      for (let i = 0; i < tries; i++) {
        if (sampler('k', 'n', 1n) === true) kept++
        now += BigInt(Math.round((ms / tries) * 1e6))
      }
      return kept
    }
    return begun
  }

  test('records as many traces a second, evenly, and one second worth at once', async () => {
    const begun = await clocked(10)
    expect(begun(100, 0)).toBe(10)
    expect(begun(1_000, 1_000)).toBe(9)
    expect(begun(5_000, 5_000)).toBe(50)
    expect(begun(1, 60_000)).toBe(1)
    expect(begun(100, 0)).toBe(10)
  })

  test('takes less than one a second', async () => {
    const begun = await clocked(0.1)
    expect(begun(10_000, 100_000)).toBe(10)
  })

  test('leaves a trace that comes from elsewhere to its caller', () => {
    const sampler = perSecond(1)
    for (let i = 0; i < 5; i++)
      expect([sampler('k', 'n', 1n, true), sampler('k', 'n', 1n, false)]).toEqual([undefined, undefined])
    expect([sampler('k', 'n', 1n), sampler('k', 'n', 1n)]).toEqual([true, false])
  })

  test.each([0, -1, Number.NaN, Infinity, '5'])('of %p is refused', (count) => {
    expect(() => Reflect.apply(perSecond, undefined, [count])).toThrow(/perSecond: expected a number above 0, got/)
  })
})

describe('rules', () => {
  test('the first that fits decides, and otherwise the last sampler or the caller', () => {
    const sampler = rules(
      [
        { kind: 'request', name: 'GET /health', sample: false },
        { kind: 'request', name: /^GET \/users/g, sample: ratio(1) },
        { name: 'GET /users/7', sample: false },
        { kind: 'task', sample: () => undefined },
      ],
      (_kind, _name, _traceId, caller) => caller === undefined,
    )
    const decide = (kind: string, name: string, caller?: boolean): boolean | undefined =>
      sampler(kind, name, 1n, caller)
    expect(decide('request', 'GET /health')).toBe(false)
    // With its flag g, the pattern would fit only every other time.
    for (let i = 0; i < 3; i++) expect(decide('request', 'GET /users/7')).toBe(true)
    expect(decide('other', 'GET /users/7')).toBe(false)
    expect(decide('task', 'any')).toBe(undefined)
    expect([decide('x', 'y'), decide('x', 'y', true)]).toEqual([true, false])
    expect(rules([])('x', 'y', 1n)).toBe(undefined)
  })

  test.each([
    [[undefined], /rules: expected options such as \{ list: … \}|rules: option "list"/],
    [
      [[{ kind: 'request' }]],
      /rules: rule 1: option "sample": expected a sampler such as ratio\(0\.1\), or true or false/,
    ],
    [[[{ sample: true }, { path: '/', sample: true }]], /rules: rule 2: unknown option "path"/],
    [[[{ name: 5, sample: true }]], /rules: rule 1: option "name": expected a string or a regular expression/],
    [[[], true], /rules: option "otherwise": expected a function/],
  ])('%p are refused', (args, message) => {
    expect(() => Reflect.apply(rules, undefined, args)).toThrow(message)
  })
})
