import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, jest, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import type { Stats } from '../../src/contract/stats.js'
import type { Tracer, TracerOptions } from '../../src/contract/tracer.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { RecordError } from '../../src/values/errors.js'

function aTracer(record: Recorder['record'], options: Partial<TracerOptions> = {}) {
  const warn = jest.fn<(message: string) => void>()
  const tracer = createTracer({ service: 'users', recorder: { name: 'test', record }, logger: { warn }, ...options })
  const warnings = (): string[] => warn.mock.calls.map(([message]) => message)
  return { tracer, warnings }
}

function traceAll(tracer: Tracer, names: readonly number[]): void {
  for (const name of names) tracer.trace('work', `${name}`, () => {})
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)
const namesOf = (spans: readonly Span[]): number[] => spans.map(({ name }) => Number(name))
const full = (spans: readonly Span[]): RecordError => new RecordError('the disk is full', spans, { retry: true })

describe('spans that are not stored, but may be tried again', () => {
  test('wait, and are stored in turn once the recorder takes them, with one warning', async () => {
    const stored: number[] = []
    let failures = 3
    const then: Stats[] = []
    const { tracer, warnings } = aTracer(
      (spans) => {
        then.push(tracer.stats())
        if (failures-- > 0) throw full(spans)
        stored.push(...namesOf(spans))
      },
      { batch: 10 },
    )
    traceAll(tracer, upTo(25))
    while (failures > 0) await sleep(5)
    for (const stats of then.slice(0, 3)) {
      expect(stats).toMatchObject({ queued: 15, inFlight: 10, recorded: 0, failed: 0 })
    }
    traceAll(tracer, [26])
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
    expect(stored).toEqual(upTo(26))
    expect(tracer.stats()).toMatchObject({ queued: 0, recorded: 26, failed: 0, dropped: 0 })
    expect(warnings()).toEqual(['trace: 10 spans were not stored yet, and will be tried again: test: the disk is full'])
  })

  test('are only those that the error names; the others of their batch are stored', async () => {
    const batches: number[][] = []
    const { tracer } = aTracer((spans) => {
      batches.push(namesOf(spans))
      if (batches.length === 1) throw full(spans.slice(1))
      if (batches.length === 2) throw new RecordError('bad', spans.slice(-1))
    })
    traceAll(tracer, [1, 2, 3])
    expect(await tracer.flush()).toEqual({ left: 0, lost: 1 })
    expect(batches).toEqual([
      [1, 2, 3],
      [2, 3],
    ])
    expect(tracer.stats()).toMatchObject({ recorded: 2, failed: 1 })
  })

  test('take the room of the queue; what finishes meanwhile is dropped, and the warning says why', async () => {
    let isFull = true
    const { tracer, warnings } = aTracer((spans) => (isFull ? Promise.reject(full(spans)) : undefined), {
      buffer: 100,
      batch: 10,
    })
    for (let turn = 0; turn < 15; turn++) {
      traceAll(tracer, upTo(10))
      await new Promise(setImmediate)
    }
    const { queued, inFlight, dropped } = tracer.stats()
    expect([queued + inFlight + dropped, dropped]).toEqual([150, 50])
    isFull = false
    expect(await tracer.flush()).toEqual({ left: 0, lost: 50 })
    expect(tracer.stats()).toMatchObject({ recorded: 100, dropped: 50 })
    expect(warnings()[1]).toBe('trace: 1 span was dropped: the queue is full, test: the disk is full')
  })

  test('are left when a flush comes to its deadline, and dropped when a close does', async () => {
    let isFull = true
    const { tracer, warnings } = aTracer((spans) => (isFull ? Promise.reject(full(spans)) : undefined))
    traceAll(tracer, [1])
    expect(await tracer.flush({ timeout: 50 })).toEqual({ left: 1, lost: 0 })
    isFull = false
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
    isFull = true
    traceAll(tracer, [2, 3])
    expect(await tracer.close({ timeout: 50 })).toEqual({ left: 0, lost: 2 })
    expect(tracer.stats()).toMatchObject({ recorded: 1, dropped: 2, queued: 0, inFlight: 0 })
    expect(warnings()).toContain('trace: 2 spans were dropped at close: test: the disk is full')
  })

  test('are tried again after ever longer times', async () => {
    const tries: number[] = []
    const { tracer } = aTracer((spans) => {
      tries.push(performance.now())
      throw full(spans)
    })
    // Spans that come meanwhile bring no try forward.
    while (tries.length < 4) {
      traceAll(tracer, upTo(20))
      await sleep(5)
    }
    const waits = tries.slice(1).map((time, at) => time - (tries[at] ?? 0))
    // A timer never comes early by more than its rounding.
    for (const [at, least] of [98, 198, 398].entries()) expect(waits[at]).toBeGreaterThan(least)
    await tracer.close({ timeout: 1 })
  })

  test.each([
    ['an error whose fields throw', () => unreadable(full([]))],
    [
      'another error with such a field',
      (spans: readonly Span[]) => Object.assign(new Error('no'), { retry: true, spans }),
    ],
    ['a field that is not true', (spans: readonly Span[]) => Object.assign(new RecordError('no', spans), { retry: 1 })],
  ])('are not those of %s', async (_, errorOf) => {
    const { tracer } = aTracer((spans) => Promise.reject(errorOf(spans)))
    traceAll(tracer, [1, 2])
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ failed: 2, queued: 0 })
  })
})

function unreadable(error: Error): Error {
  const get = (): never => {
    throw new Error('hostile')
  }
  return Object.defineProperty(error, 'name', { get })
}

test.each([
  ['comes to its end', ''],
  ['exits', 'setTimeout(() => process.exit(), 300)'],
])('a process that %s tries once more what waits, synchronously', (_, end) => {
  const program = `
    import { createTracer, RecordError } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const recorder = {
      name: 'test',
      record: async (spans) => { throw new RecordError('not now', spans, { retry: true }) },
      recordSync: (spans) => console.log(spans.map(({ name }) => name).join()),
    }
    const tracer = createTracer({ recorder, batch: 2, logger: { warn() {} } })
    for (const name of ['a', 'b', 'c']) tracer.trace('work', name, () => {})
    process.on('exit', () => console.log(JSON.stringify(tracer.stats())))
    ${end}`
  const [names, stats] = execFileSync(process.execPath, ['--input-type=module', '-e', program]).toString().split('\n')
  expect(names).toBe('a,b,c')
  expect(JSON.parse(stats ?? '')).toMatchObject({ recorded: 3, queued: 0, failed: 0 })
})
