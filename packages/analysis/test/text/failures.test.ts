import { describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type PlainData, type PlainValue, span } from '@trace/core'
import fc from 'fast-check'
import { printTrace } from '../../src/text/print.js'
import { aSpan } from '../support/spans.js'

/** What is printed below the tree of a trace of one span. */
function belowTree(data: PlainData): string {
  return printTrace([aSpan({ data })])
    .split('\n')
    .slice(2, -1)
    .join('\n')
}

const failed = { 'error.type': 'Error', 'error.message': 'no' }

describe('printTrace', () => {
  test('shows stacks, causes and parts below the tree', () => {
    const data = {
      ...failed,
      'error.stack': 'Error: no\n    at load (file.js:1:2)\n    at main (file.js:3:4)',
      'error.cause': [
        { type: 'TypeError', message: 'x', stack: 'TypeError: x\n    at f (g.js:5:6)' },
        { type: 'AggregateError', message: 'all', errors: [{ type: 'Error', message: 'a' }, '[cut: 9 more]'] },
        '[Circular]',
      ],
      'error.errors': [{ type: 'Error', message: 'p', cause: [{ type: 'string', message: 'why' }] }],
    }
    expect(belowTree(data)).toBe(
      [
        '',
        '✗ users  request  GET /',
        '  Error: no',
        '      at load (file.js:1:2)',
        '      at main (file.js:3:4)',
        '    (1) Error: p',
        '    caused by string: why',
        '  caused by TypeError: x',
        '      at f (g.js:5:6)',
        '  caused by AggregateError: all',
        '    (1) Error: a',
        '    [cut: 9 more]',
        '  caused by [Circular]',
      ].join('\n'),
    )
    expect(printTrace([aSpan({ data })], { stacks: false })).toBe(printTrace([aSpan({ data: failed })]))
  })

  test('shows the stack of an error once, though it failed several spans', async () => {
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'users', recorder })
    const failing = tracer.trace('task', 'report', () =>
      span('db', 'load', async () => {
        throw new RangeError('no such shelf')
      }),
    )
    await expect(failing).rejects.toThrow()
    await tracer.close()
    const text = printTrace(recorder.spans)
    expect(text.match(/RangeError: no such shelf$/gm)?.length).toBe(3)
    expect(text).toMatch(/\n\n✗ users {2}db {2}load\n {2}RangeError: no such shelf\n {6}at .*failures\.test/)
    expect(text.match(/^✗/gm)?.length).toBe(1)
  })

  test('says nothing below the tree where no stack is recorded', () => expect(belowTree(failed)).toBe(''))

  test('shows the frames of a stack that is not of V8, and of a long one the first 20', () => {
    expect(belowTree({ ...failed, 'error.stack': 'Error: no\nf@file.js:1' })).toMatch(/no\n {6}f@file\.js:1$/)
    const frames = Array.from({ length: 30 }, (_, at) => `    at f${at} (file.js)`)
    const lines = belowTree({ ...failed, 'error.stack': ['Error: no', ...frames].join('\n') }).split('\n')
    expect(lines.slice(-2)).toEqual(['      at f19 (file.js)', '      … 10 more'])
  })
})

const PlainValues: fc.Arbitrary<PlainValue> = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<PlainValue>('\u001b[31m', 'a\n    at b\u0007', 5n, null, true, '\u202e'),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(fc.constantFrom('type', 'message', 'stack', 'cause', 'errors', '__proto__'), tie('value')),
  ),
})).value

test('whatever a store holds of errors, it is printed in a bounded number of lines without control characters', () => {
  const keys = ['error.type', 'error.stack', 'error.cause', 'error.errors']
  fc.assert(
    fc.property(PlainValues, (value) => {
      const text = printTrace([aSpan({ data: Object.fromEntries(keys.map((key) => [key, value])) })])
      const lines = text.split('\n')
      if (lines.length > 1_500) throw new Error('too much')
      if (/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text)) throw new Error('control characters')
    }),
  )
})
