import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { context, createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { currentSpan } from '@trace/core'
import { bridgedTracer, type Recorded, unregisterAll } from '../support/recorded.js'

let recorded: Recorded
beforeAll(() => {
  recorded = bridgedTracer()
})
afterAll(unregisterAll)

const KEY = createContextKey('test')
const valued = ROOT_CONTEXT.setValue(KEY, 'value')
const valueNow = (): unknown => context.active().getValue(KEY)

describe('with', () => {
  test('runs a function with its receiver and arguments, and gives what it gives or throws', () => {
    const receiver = { factor: 2 }
    function times(this: { factor: number }, ...numbers: number[]): number[] {
      return numbers.map((number) => number * this.factor)
    }
    expect(context.with(valued, times, receiver, 1, 2)).toEqual([2, 4])
    expect(context.with(valued, (...args: unknown[]) => args.length)).toBe(0)
    const error = new Error('theirs')
    expect(() =>
      context.with(valued, () => {
        throw error
      }),
    ).toThrow(error)
  })

  test('the context that is active is the one that was given, across awaits, and is the former one afterwards', async () => {
    for (const given of [ROOT_CONTEXT, valued, trace.setSpan(valued, trace.getTracer('test').startSpan('a'))]) {
      await context.with(given, async () => {
        expect(context.active()).toBe(given)
        await sleep(1)
        expect(context.active()).toBe(given)
        context.with(ROOT_CONTEXT, () => expect(context.active()).toBe(ROOT_CONTEXT))
        expect(context.active()).toBe(given)
      })
      expect(context.active()).toBe(ROOT_CONTEXT)
    }
  })

  test('values stay with the spans of either that start below, and a span can be taken out', () => {
    context.with(valued, () => {
      recorded.tracer.trace('task', 'ours', (ours) => {
        expect(valueNow()).toBe('value')
        trace.getTracer('test').startActiveSpan('theirs', (theirs) => {
          expect(valueNow()).toBe('value')
          const more = context.active().setValue(KEY, 'other')
          expect([trace.getSpan(more), more.getValue(KEY)]).toEqual([theirs, 'other'])
          context.with(more, () => expect([currentSpan()?.name, valueNow()]).toEqual(['theirs', 'other']))
          expect(context.active().deleteValue(KEY).getValue(KEY)).toBeUndefined()
          context.with(trace.deleteSpan(more), () => {
            expect([currentSpan(), trace.getActiveSpan(), valueNow()]).toEqual([undefined, undefined, 'other'])
          })
        })
        expect(currentSpan()).toBe(ours)
      })
    })
  })
})

describe('bind', () => {
  test('a function runs in the context, with whatever receiver and arguments it is called', () => {
    const bound = context.bind(valued, function (this: unknown, a: number, b: number) {
      return [this, a + b, valueNow()]
    })
    const receiver = {}
    expect([Reflect.apply(bound, receiver, [1, 2]), bound.length]).toEqual([[receiver, 3, 'value'], 2])
    expect(context.bind(valued, 7)).toBe(7)
  })

  test.each(['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const)(
    'an emitter runs what %s adds in the context, and knows it as it was given',
    (method) => {
      const emitter = new EventEmitter()
      expect(context.bind(valued, context.bind(valued, emitter))).toBe(emitter)
      const seen: unknown[] = []
      const listener = function (this: unknown, ...args: unknown[]): void {
        seen.push([this === emitter, valueNow(), ...args])
      }
      expect(emitter[method]('event', listener)).toBe(emitter)
      expect(emitter.listeners('event')).toEqual([listener])
      emitter.emit('event', 1)
      emitter.emit('event', 2)
      const isOnce = method.includes('nce')
      expect(seen).toEqual([[true, 'value', 1], ...(isOnce ? [] : [[true, 'value', 2]])])
      expect(emitter.listenerCount('event')).toBe(isOnce ? 0 : 1)
      emitter[method]('event', listener)
      emitter.off('event', listener)
      if (!isOnce) emitter.removeListener('event', listener)
      expect(emitter.listenerCount('event')).toBe(0)
      expect(() => emitter[method]('event', 7 as never)).toThrow('must be of type function')
    },
  )

  test('a stream flows as before once something listens to its data', async () => {
    const stream = context.bind(valued, Readable.from(['a', 'b']))
    const seen: unknown[] = []
    stream.on('data', (chunk) => seen.push([chunk, valueNow()]))
    await new Promise((resolve) => stream.once('end', resolve))
    expect(seen).toEqual([
      ['a', 'value'],
      ['b', 'value'],
    ])
  })
})
