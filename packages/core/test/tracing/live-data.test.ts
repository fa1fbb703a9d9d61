import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { currentSpan } from '../../src/context/context.js'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { PlainData } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { dataToWrite } from '../../src/tracing/adapter-data.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'

function aTracer() {
  const recorder = memoryRecorder()
  return { tracer: createTracer({ service: 'users', recorder }), recorder }
}

const SILENT = { warn: () => {}, error: () => {} }

/** A stack is kept of an error only where it has not failed another span. */
function withoutStacks(data: PlainData): PlainData {
  const { 'error.stack': _, ...others } = data
  return others
}

describe('data that are assigned', () => {
  test('are added to what is there, as a copy', async () => {
    const { tracer, recorder } = aTracer()
    const given = { rows: 1, list: [1] }
    tracer.trace('k', 'n', (s) => {
      s.data['before'] = true
      s.data = Object.freeze(given)
      s.data['rows'] = 2
      s.data = { more: 3 }
      s.fail(new TypeError('no'))
      s.data = { last: 4 }
    })
    await tracer.flush()
    expect(given).toEqual({ rows: 1, list: [1] })
    const failure = { 'error.type': 'TypeError', 'error.message': 'no' }
    expect(recorder.spans).toMatchObject([{ data: { before: true, rows: 2, list: [1], more: 3, ...failure, last: 4 } }])
  })

  test('are those of a Map, and of an object with a getter that throws', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('k', 'n', (s) => {
      Reflect.set(s, 'data', new Map([['a', 1]]))
      s.data = {
        get b(): never {
          throw new RangeError('not now')
        },
        c: 2,
      }
    })
    await tracer.flush()
    expect(recorder.spans).toMatchObject([{ data: { a: 1, b: '[RangeError: not now]', c: 2 } }])
  })

  test('are kept by a span that records nothing, as long as it runs', () => {
    span('k', 'n', (s) => {
      s.data = { rows: 1 }
      expect(s.data).toEqual({ rows: 1 })
    })
  })
})

describe('data that adapters write', () => {
  test('are recorded without a copy, as an object like any literal', async () => {
    const { tracer, recorder } = aTracer()
    let written: Record<string, unknown> = {}
    tracer.trace('k', 'n', (s) => {
      s.data = { given: true }
      written = dataToWrite(s)
      written['db.system.name'] = 'mongodb'
      s.fail(new TypeError('no'))
    })
    await tracer.flush()
    expect(recorder.spans[0]?.data).toBe(written)
    expect({ ...written, 'error.stack': '' }).toStrictEqual({
      ...{ given: true, 'db.system.name': 'mongodb' },
      ...{ 'error.type': 'TypeError', 'error.message': 'no', 'error.stack': '' },
    })
  })

  test('are those of the program, once it has asked for them', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('k', 'n', (s) => {
      dataToWrite(s)['before'] = 1
      const { data } = s
      expect(data).toEqual({ before: 1 })
      dataToWrite(s)['after'] = 2
      expect(s.data).toBe(data)
      data['own'] = 3
      data['constructor'] = 4
      expect(dataToWrite(s)).toBe(data)
      s.finish()
      data['own'] = 'too late'
    })
    await tracer.flush()
    expect(recorder.spans[0]?.data).toStrictEqual({ before: 1, after: 2, own: 3, constructor: 4 })
  })

  test('do not change in the record once the span has finished', async () => {
    const { tracer, recorder } = aTracer()
    const s = tracer.start('k', 'n')
    dataToWrite(s)['before'] = 1
    s.finish()
    dataToWrite(s)['adapter'] = 'too late'
    s.data['program'] = 'too late'
    s.data = { assigned: 'too late' }
    s.fail(new Error('too late'))
    expect(s.data).toEqual({ before: 1, adapter: 'too late', program: 'too late', assigned: 'too late' })
    await tracer.flush()
    expect(recorder.spans[0]?.data).toStrictEqual({ before: 1 })
  })

  test('are copied where they are no scalars, or not small, and left out where undefined', async () => {
    const { tracer, recorder } = aTracer()
    const list = ['a']
    const long = 'x'.repeat(40_000)
    tracer.trace('k', 'n', (s) => {
      dataToWrite(s)['list'] = list
      tracer.span('k', 'long', (inner) => Object.assign(dataToWrite(inner), { long }))
      tracer.span('k', 'undefined', (inner) => Object.assign(dataToWrite(inner), { left: undefined, kept: null }))
    })
    list.push('too late')
    await tracer.flush()
    const [cut, without, listed] = recorder.spans.map(({ data }) => data)
    expect(String(cut?.['long']).length).toBeLessThan(33_000)
    expect(without).toStrictEqual({ kept: null })
    expect(listed).toStrictEqual({ list: ['a'] })
  })

  test('stay while the code of an error asks for them', async () => {
    const { tracer, recorder } = aTracer()
    const asking = {
      name: 'Asking',
      get message() {
        currentSpan()?.event(String(currentSpan()?.data['before']))
        return 'no'
      },
    }
    tracer.trace('k', 'n', (s) => {
      dataToWrite(s)['before'] = 1
      s.fail(asking)
    })
    await tracer.flush()
    expect(recorder.spans).toMatchObject([
      { data: { before: 1, 'error.type': 'Asking', 'error.message': 'no', events: [{ name: '1' }] } },
    ])
  })

  test('can have a key __proto__, are kept by a frozen span, and not recorded by an unsampled one', async () => {
    const { tracer, recorder } = aTracer()
    const s = tracer.start('k', 'n', { root: true })
    s.data = JSON.parse('{ "__proto__": 1, "toString": 2 }')
    Object.freeze(s)
    dataToWrite(s)['adapter'] = 3
    const { data } = s
    data['program'] = 4
    s.finish()
    data['program'] = 'too late'
    s.data['program'] = 'too late'
    const unsampled = tracer.start('k', 'n', { root: true, sampled: false })
    dataToWrite(unsampled)['adapter'] = 5
    expect(unsampled.data).toEqual({ adapter: 5 })
    unsampled.finish()
    await tracer.flush()
    expect(recorder.spans).toHaveLength(1)
    expect(Object.entries(recorder.spans[0]?.data ?? {})).toEqual([
      ['__proto__', 1],
      ['toString', 2],
      ['adapter', 3],
      ['program', 4],
    ])
  })

  test.each([
    ['a value', { value: 'not ours', writable: true }],
    [
      'a getter that throws',
      {
        get: () => {
          throw new Error('not ours')
        },
      },
    ],
  ])('are without what all objects inherit: %s', async (_, inherited) => {
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'users', recorder, openAfter: 200 })
    Object.defineProperty(Object.prototype, 'inherited', { enumerable: true, configurable: true, ...inherited })
    try {
      tracer.trace('k', 'scalars', (s) => Object.assign(dataToWrite(s), { a: 1 }))
      tracer.trace('k', 'undefined', (s) => Object.assign(dataToWrite(s), { a: 1, left: undefined }))
      const open = tracer.start('k', 'open')
      dataToWrite(open)['a'] = 1
      while (recorder.spans.length < 3) await setTimeout(5)
      expect(recorder.spans.map(({ data }) => Object.keys(data))).toEqual([['a'], ['a'], ['a']])
      open.finish()
      expect(tracer.stats()).toMatchObject({ started: 3, open: 0 })
    } finally {
      Reflect.deleteProperty(Object.prototype, 'inherited')
      await tracer.close()
    }
  })

  test.each(['spanId', 'start', 'data'])(
    'are recorded with keys of their own, although all objects inherit %s',
    async (key) => {
      const { tracer, recorder } = aTracer()
      Object.defineProperty(Object.prototype, key, { value: 'inherited', configurable: true })
      try {
        tracer.trace('k', 'n', (s) => Object.assign(dataToWrite(s), { a: 1 }))
        expect(tracer.stats()).toMatchObject({ started: 1, open: 0 })
      } finally {
        Reflect.deleteProperty(Object.prototype, key)
      }
      await tracer.close()
      expect(Object.keys(recorder.spans[0] ?? {})).toHaveLength(9)
    },
  )

  test('have one error, although the code of that fails the span with another', async () => {
    const { tracer, recorder } = aTracer()
    let reads = 0
    const failing = {
      name: 'Outer',
      get message() {
        reads++
        currentSpan()?.fail(failing)
        currentSpan()?.fail(new TypeError('inner', { cause: new Error('c') }))
        return 'outer'
      },
    }
    tracer.trace('k', 'n', (s) => s.fail(failing))
    await tracer.flush()
    expect(reads).toBe(1)
    expect(recorder.spans[0]?.data).toStrictEqual({ 'error.type': 'Outer', 'error.message': 'outer' })
  })

  test('of a frozen span that is not recorded are not taken for bad values', () => {
    const warn = jest.fn()
    const tracer = createTracer({ recorder: memoryRecorder(), sample: () => false, logger: { ...SILENT, warn } })
    const s = tracer.start('k', 'n')
    Object.freeze(s)
    s.data = { a: 1 }
    dataToWrite(s)['b'] = 2
    expect(warn).not.toHaveBeenCalled()
  })

  type Step = readonly [what: 'write' | 'assign' | 'fail' | 'event' | 'finish', key: string, value: unknown]
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.tuple(
      fc.constantFrom('write', 'write', 'assign', 'fail', 'event', 'finish'),
      fc.constantFrom('a', 'b', 'db.system.name', 'constructor', 'toString', '7', 'error.type'),
      fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constantFrom(undefined, null, 10n), fc.anything()),
    ),
    { maxLength: 10 },
  )

  function take(s: ActiveSpan, [what, key, value]: Step): void {
    if (what === 'write') dataToWrite(s)[key] = value
    else if (what === 'assign') s.data = Object.fromEntries([[key, value]])
    else if (what === 'fail') s.fail(value)
    else if (what === 'event') s.event('event', { [key]: value })
    else s.finish()
  }

  test('are recorded alike, whether the program looks at them or not', async () => {
    const property = fc.asyncProperty(steps, fc.nat(10), async (all, lookAt) => {
      const recorder = memoryRecorder()
      const tracer = createTracer({ service: 'users', recorder, clock: () => 1n, logger: SILENT })
      for (const looks of [false, true]) {
        const s = tracer.start('k', 'n', { root: true })
        for (const [at, step] of all.entries()) {
          if (looks && at === lookAt) void s.data
          take(s, step)
        }
        s.finish()
        Object.assign(looks ? s.data : dataToWrite(s), { late: true })
      }
      await tracer.flush()
      const [unseen, seen] = recorder.spans.map(({ data }) => withoutStacks(data))
      // Jest takes a key `constructor` for that of the object.
      expect(isDeepStrictEqual(unseen, seen)).toBe(true)
    })
    await fc.assert(property, { numRuns: runs(400) })
  })

  test('are recorded of an open span as they are then', async () => {
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'users', recorder, openAfter: 200 })
    const s = tracer.start('k', 'n')
    dataToWrite(s)['status'] = 'waiting'
    while (recorder.spans.length === 0) await setTimeout(5)
    const open = recorder.spans[0]?.data
    dataToWrite(s)['status'] = 'done'
    s.finish()
    await tracer.close()
    expect(open).toMatchObject({ status: 'waiting' })
    expect(recorder.spans.at(-1)?.data).toMatchObject({ status: 'done' })
  })
})

test('a span fails although a program has frozen its data, and finishes although it is frozen itself', async () => {
  const { tracer, recorder } = aTracer()
  const first = tracer.start('k', 'first')
  Object.freeze(Object.assign(first.data, { a: 1 }))
  first.fail(new Error('no'))
  first.finish()
  const second = Object.freeze(tracer.start('k', 'second'))
  second.finish()
  second.finish()
  await tracer.flush()
  expect(recorder.spans).toMatchObject([{ data: { a: 1, 'error.message': 'no' } }, { name: 'second', data: {} }])
  expect(tracer.stats()).toMatchObject({ started: 2, recorded: 2, open: 0 })
})
