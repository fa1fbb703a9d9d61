import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, jest, test } from '@jest/globals'
import type { Tracer } from '../../src/contract/tracer.js'
import { createTracer } from '../../src/tracing/create-tracer.js'

function aTracer(options: { batch?: number; warningInterval?: number } = {}) {
  const warn = jest.fn<(message: string) => void>()
  const recorder = { name: 'test', record: () => {} }
  return { warn, tracer: createTracer({ service: 'users', recorder, logger: { warn }, ...options }) }
}

/** Waits for many times as long as all that is expected takes. */
async function until(holds: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 400 && !holds(); turn++) await sleep(5)
  return holds()
}

function isDrained(tracer: Tracer): boolean {
  return tracer.stats().recorded === tracer.stats().started
}

afterEach(() => {
  jest.useRealTimers()
})

test.each([
  ['one span', 1],
  ['a full batch', 8],
])(
  '%s that finishes under fake timers, and the like after them, reach the recorder by themselves',
  async (_, count) => {
    const { tracer } = aTracer({ batch: 8 })
    jest.useFakeTimers()
    for (let i = 0; i < count; i++) tracer.trace('work', 'under fake timers', () => {})
    jest.useRealTimers()
    for (let i = 0; i < count; i++) tracer.trace('work', 'after them', () => {})
    expect(await until(() => isDrained(tracer))).toBe(true)
  },
)

test('what was warned of under fake timers is warned of again after them', async () => {
  const { tracer, warn } = aTracer({ warningInterval: 20 })
  jest.useFakeTimers()
  tracer.trace('work', 'bad', () => {}, { traceId: 0n })
  jest.useRealTimers()
  const isSaidAgain = () => {
    tracer.trace('work', 'bad', () => {}, { traceId: 0n })
    return warn.mock.calls.length > 1
  }
  expect(await until(isSaidAgain)).toBe(true)
})

test('timers as browsers and jsdom have them, which are numbers, make no call throw', async () => {
  const original = globalThis.setTimeout
  Reflect.set(globalThis, 'setTimeout', () => 1)
  try {
    const { tracer, warn } = aTracer()
    tracer.trace('work', 'in jsdom', () => {}, { traceId: 0n })
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
    expect(warn).toHaveBeenCalledTimes(1)
  } finally {
    globalThis.setTimeout = original
  }
})
