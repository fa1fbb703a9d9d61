import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addFailure } from '../../src/values/failure.js'
import { toPlain } from '../../src/values/to-plain.js'
import { hostile } from '../support/hostile.js'

let lastTrace = 0n

/** What a span records that fails with this error. */
function failureOf(error: unknown, traceId: bigint | undefined = ++lastTrace): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  addFailure(() => data, error, traceId)
  return data
}

test('of an error, its type, message and stack are recorded', () => {
  const error = new RangeError('no such shelf')
  expect(failureOf(error)).toEqual({
    'error.type': 'RangeError',
    'error.message': 'no such shelf',
    'error.stack': error.stack,
  })
})

test('where stacks are off, they are not even made; causes and parts keep their type and message', () => {
  let read = 0
  const error = new Error('a', { cause: new AggregateError([new Error('c')], 'b') })
  Object.defineProperty(error, 'stack', { get: () => `${++read}` })
  const data: Record<string, unknown> = {}
  addFailure(() => data, error, undefined)
  const errors = [{ type: 'Error', message: 'c' }]
  expect(data).toEqual({
    'error.type': 'Error',
    'error.message': 'a',
    'error.cause': [{ type: 'AggregateError', message: 'b', errors }],
  })
  expect(read).toBe(0)
})

describe('what caused an error', () => {
  test('is a list, the nearest first, and each stack stands once in a trace', () => {
    const third = new TypeError('third')
    const second = new RangeError('second', { cause: third })
    const first = new Error('first', { cause: second })
    const traceId = ++lastTrace
    expect(failureOf(third, traceId)).toHaveProperty(['error.stack'], third.stack)
    expect(failureOf(first, traceId)).toEqual({
      'error.type': 'Error',
      'error.message': 'first',
      'error.stack': first.stack,
      'error.cause': [
        { type: 'RangeError', message: 'second', stack: second.stack },
        { type: 'TypeError', message: 'third' },
      ],
    })
    expect(failureOf(first, traceId)).toEqual({
      'error.type': 'Error',
      'error.message': 'first',
      'error.cause': [
        { type: 'RangeError', message: 'second' },
        { type: 'TypeError', message: 'third' },
      ],
    })
  })

  test('may be no error', () => {
    const thrown = { code: 5, why: ['full'] }
    const message = '{ code: 5, why: an array of 1: "full" }'
    expect(failureOf(new Error('a', { cause: thrown }))['error.cause']).toEqual([{ type: 'Object', message }])
    expect(failureOf(new Error('a', { cause: 'text' }))['error.cause']).toEqual([{ type: 'string', message: 'text' }])
    for (const none of [undefined, null]) {
      expect(failureOf(new Error('a', { cause: none }))).not.toHaveProperty(['error.cause'])
    }
  })

  test('is cut where it goes round, or goes on', () => {
    const [one, two] = [new Error('one'), new Error('two')]
    one.cause = two
    two.cause = one
    expect(failureOf(one)['error.cause']).toEqual([
      { type: 'Error', message: 'two', stack: expect.any(String) },
      '[Circular]',
    ])
    let chain = new Error('0')
    for (let at = 1; at < 1_000; at++) chain = new Error(`${at}`, { cause: chain })
    const causes = failureOf(chain)['error.cause'] as unknown[]
    expect(causes.length).toBe(13)
    expect(causes.at(-2)).toMatchObject({ message: '987' })
    expect(causes.at(-1)).toBe('[cut: more causes]')
  })
})

describe('the parts of an error', () => {
  test('stand in a list with their own causes and parts, also below a cause', () => {
    const inner = new AggregateError([new Error('b1'), 'b2'], 'b')
    const parts = new AggregateError([new Error('a', { cause: new Error('why') }), inner], 'all')
    const stack = expect.any(String)
    const errors = [
      { type: 'Error', message: 'a', stack, cause: [{ type: 'Error', message: 'why', stack }] },
      {
        ...{ type: 'AggregateError', message: 'b', stack },
        errors: [
          { type: 'Error', message: 'b1', stack },
          { type: 'string', message: 'b2' },
        ],
      },
    ]
    expect(failureOf(parts)).toMatchObject({ 'error.type': 'AggregateError', 'error.errors': errors })
    expect(failureOf(new Error('outer', { cause: parts }))['error.cause']).toEqual([
      { type: 'AggregateError', message: 'all', stack, errors },
    ])
  })

  test('may repeat; they are cut where they go round, are many, or are deep', () => {
    const one = new Error('one')
    const circular = new AggregateError([one, one], 'all')
    circular.errors.push(circular)
    expect(failureOf(circular)['error.errors']).toEqual([
      { type: 'Error', message: 'one', stack: one.stack },
      { type: 'Error', message: 'one' },
      '[Circular]',
    ])
    const many = new AggregateError(Array.from({ length: 10_000 }, (_, at) => new Error(`${at}`)))
    const parts = failureOf(many)['error.errors'] as unknown[]
    expect(parts.map((part) => (typeof part === 'string' ? part : Reflect.get(Object(part), 'message')))).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '[cut: 9992 more]',
    ])
    let deep = new AggregateError([], 'bottom')
    for (let level = 0; level < 1_000; level++) deep = new AggregateError([deep], `${level}`)
    expect(JSON.stringify(failureOf(deep)['error.errors'])).toMatch(/"errors":\["\[cut: 1 more\]"\]/)
  })

  test('of a SuppressedError are the two that it holds', () => {
    const suppressed = { name: 'SuppressedError', message: 'm', error: new Error('a'), suppressed: new Error('b') }
    expect(failureOf(suppressed)).toMatchObject({ 'error.errors': [{ message: 'a' }, { message: 'b' }] })
  })
})

test.each<[string, unknown, string, string]>([
  ['a text', 'out of stock', 'string', 'out of stock'],
  ['nothing', undefined, 'undefined', 'undefined'],
  ['null', null, 'null', 'null'],
  ['a number', 7, 'number', '7'],
  ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
  ['a class, whose `new` was forgotten', class HttpError extends Error {}, 'function', '[Function: HttpError]'],
  ['an object', { status: 404, list: [] }, 'Object', '{ status: 404, list: an empty array }'],
  ['an empty object', {}, 'Object', '{}'],
  ['an object with a message', { message: 'no' }, 'Object', 'no'],
  ['an instance of a class of its own', new (class Oops { code = 5 })(), 'Oops', '{ code: 5 }'], // biome-ignore format: one line each
  ['an array', [1, 2], 'Array', '1,2'],
])('what is thrown may be no error: %s', (_what, thrown, type, message) => {
  expect(failureOf(thrown)).toEqual({ 'error.type': type, 'error.message': message })
})

test('the stack of an error of another realm, or of what only looks like one, is recorded', () => {
  const foreign = runInNewContext('new TypeError("far away")')
  expect(failureOf(foreign)).toMatchObject({ 'error.type': 'TypeError', 'error.stack': foreign.stack })
  expect(failureOf({ name: 'RpcError', message: 'm', stack: 'far.py:3' })).toMatchObject({ 'error.stack': 'far.py:3' })
})

test.each<[string, unknown]>([
  ['no text', 7],
  ['an array, as an Error.prepareStackTrace may make it', [{}]],
  ['empty', ''],
])('a stack that is %s is not recorded', (_what, stack) => {
  expect(failureOf(Object.assign(new Error('no'), { stack }))).not.toHaveProperty(['error.stack'])
})

test('an error that many traces share has its stack once in each of them', () => {
  const shared = new Error('connection refused')
  const stacks = (traceId: bigint): boolean => 'error.stack' in failureOf(shared, traceId)
  const traces = [1n, 2n, 3n].map((id) => id << 40n)
  expect(traces.map(stacks)).toEqual([true, true, true])
  expect(traces.map(stacks)).toEqual([false, false, false])
})

test('a long stack is cut, and keeps its frames where the message is long', () => {
  const long = Object.assign(new Error('no'), { stack: `Error: no\n${'    at f (file.js:1:1)\n'.repeat(1_000)}` })
  expect(String(failureOf(long)['error.stack']).length).toBeLessThan(8_300)
  expect(failureOf(long)['error.stack']).toMatch(/… \[cut: 23010 characters\]$/)
  const wordy = new Error('x'.repeat(1_000_000))
  const stack = String(failureOf(wordy)['error.stack'])
  expect(stack.length).toBeLessThan(8_300)
  expect(stack).toMatch(/^Error: x+… \[cut: 1000007 characters\]\n {4}at .*failure\.test/)
})

test('the worst that can be recorded of an error fits into the data of a span', () => {
  const worst = (level: number): Error => {
    const parts = level === 0 ? [] : Array.from({ length: 20 }, () => worst(level - 1))
    const error = new AggregateError(parts, 'm'.repeat(50_000), { cause: new Error('c'.repeat(50_000)) })
    return Object.assign(error, { name: 'n'.repeat(50_000), stack: 's'.repeat(50_000) })
  }
  const { size, data } = toPlain(failureOf(worst(2)))
  expect(Object.keys(data)).toEqual(['error.type', 'error.message', 'error.stack', 'error.cause', 'error.errors'])
  expect(size).toBeLessThan(131_072 + 4_096)
})

test('anything can be thrown: nothing is thrown here, and the type and message are text', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, ({ value: thrown }, { value: cause }, { value: part }) => {
      const error = Object.assign(new Error('x', { cause }), { errors: [part, thrown] })
      for (const each of [thrown, error]) {
        const { 'error.type': type, 'error.message': message, ...rest } = failureOf(each)
        if (typeof type !== 'string' || typeof message !== 'string') throw new Error('no text')
        if (JSON.stringify(toPlain(rest).data).length > 120_000) throw new Error('too much')
      }
    }),
  )
})
