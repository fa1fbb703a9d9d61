import { expect, test } from '@jest/globals'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'

const AT = 1_700_000_000_000_000_000n

function tracerInMemory(options: { keep?: { slowerThan: number } } = {}) {
  const recorder = memoryRecorder()
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const sample = (): boolean => options.keep === undefined
  return { recorder, warnings, tracer: createTracer({ recorder, logger, sample, ...options }) }
}

test('a span starts and finishes when it is said to, and so do its events: the first of a trace, and one below', async () => {
  const { recorder, tracer } = tracerInMemory()
  const first = tracer.start('work', 'first', { start: AT })
  first.run(() => {
    const below = tracer.start('work', 'below', { start: AT + 1n })
    below.event('e', {}, AT + 2n)
    below.finish(AT + 3n)
  })
  first.finish(AT + 4n)
  await tracer.flush()
  expect(recorder.spans.map(({ name, start, finish }) => [name, start, finish])).toEqual([
    ['below', AT + 1n, AT + 3n],
    ['first', AT, AT + 4n],
  ])
  expect(recorder.spans[0]?.data).toEqual({ events: [{ time: '2023-11-14T22:13:20.000000002Z', name: 'e' }] })
})

test('a trace is kept for being slow by the times that are given', async () => {
  const { recorder, tracer } = tracerInMemory({ keep: { slowerThan: 1_000 } })
  for (const took of [999_999_999n, 1_000_000_000n]) {
    const first = tracer.start('work', `took ${took}`, { root: true, start: AT })
    first.run(() => tracer.start('work', 'below', { start: AT }).finish(AT + 5n))
    first.finish(AT + took)
  }
  await tracer.flush()
  expect(recorder.spans.map(({ name, finish }) => [name, finish])).toEqual([
    ['below', AT + 5n],
    ['took 1000000000', AT + 1_000_000_000n],
  ])
})

test('for a time that is none the time now is used, and it is counted and warned of', async () => {
  const { recorder, tracer, warnings } = tracerInMemory()
  const before = BigInt(Date.now() - 60_000) * 1_000_000n
  for (const bad of [7, '7', 10n ** 30n, -(10n ** 30n), null, {}] as never[]) {
    const span = tracer.start('work', 'a', { start: bad })
    span.event('e', {}, bad)
    span.finish(bad)
  }
  await tracer.flush()
  expect(recorder.spans).toHaveLength(6)
  for (const { start, finish = 0n } of recorder.spans) expect([start > before, finish >= start]).toEqual([true, true])
  expect(tracer.stats().badInput).toBe(18)
  expect(warnings[0]).toMatch(/^trace: time: expected nanoseconds since the Unix epoch, as a bigint, got 7/)
})
