import { describe, expect, test } from '@jest/globals'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'

function aTracer() {
  const recorder = memoryRecorder()
  return { tracer: createTracer({ service: 'users', recorder }), recorder }
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
