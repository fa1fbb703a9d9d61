import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { traces } from '../support/arbitrary-spans.js'
import { exported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

interface Event {
  readonly ph: string
  readonly name: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur: number
  readonly id?: number
  readonly args: Readonly<Record<string, unknown>>
}

async function eventsOf(...all: readonly Span[][]): Promise<Event[]> {
  return JSON.parse(await exported('chrome', all)).traceEvents
}

/** What is wrong by the rules of the format: on a lane, complete events nest; flows have two ends, each within an event. */
function mistakesIn(events: readonly Event[]): string[] {
  const mistakes: string[] = []
  const lanes = new Map<string, Event[]>()
  const complete = events.filter(({ ph }) => ph === 'X')
  for (const event of complete) {
    if (!(event.dur >= 0) || !Number.isFinite(event.ts)) mistakes.push('no time')
    const key = `${event.pid} ${event.tid}`
    lanes.set(key, [...(lanes.get(key) ?? []), event])
  }
  for (const lane of lanes.values()) {
    const open: Event[] = []
    for (const event of lane.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length > 0 && (open.at(-1)?.ts ?? 0) + (open.at(-1)?.dur ?? 0) <= event.ts) open.pop()
      const above = open.at(-1)
      if (above !== undefined && event.ts + event.dur > above.ts + above.dur) mistakes.push('overlaps')
      open.push(event)
    }
  }
  const flows = events.filter(({ ph }) => ph === 's' || ph === 'f')
  for (const flow of flows) {
    if (
      flows
        .filter(({ id }) => id === flow.id)
        .map(({ ph }) => ph)
        .sort()
        .join('') !== 'fs'
    )
      mistakes.push('half a flow')
    const holder = complete.some(
      ({ pid, tid, ts, dur }) => pid === flow.pid && tid === flow.tid && ts <= flow.ts && flow.ts <= ts + dur,
    )
    if (!holder) mistakes.push('a flow outside of events')
  }
  const named = events.filter(({ ph }) => ph === 'M').map(({ name, pid, tid }) => `${name} ${pid} ${tid}`)
  for (const { pid, tid } of complete) {
    if (!named.includes(`thread_name ${pid} ${tid}`) || !named.includes(`process_name ${pid} 0`))
      mistakes.push('no name')
  }
  return mistakes
}

function spanOf(id: number, parent: number, from: number, to: number, parts: Partial<Span> = {}): Span {
  return aSpan({
    spanId: BigInt(id),
    parentId: BigInt(parent),
    name: `${id}`,
    start: BigInt(from),
    finish: BigInt(to),
    ...parts,
  })
}

describe('Chrome trace events', () => {
  test('put a child on the lane of its parent, and what runs beside it on another, with an arrow', async () => {
    const spans = [
      spanOf(1, 0, 0, 100),
      spanOf(2, 1, 10, 60),
      spanOf(3, 1, 20, 90),
      spanOf(4, 1, 60, 80),
      spanOf(5, 3, 30, 40, { process: 'orders:1@b' }),
    ]
    const events = await eventsOf(spans)
    expect(mistakesIn(events)).toEqual([])
    const lanes = events.filter(({ ph }) => ph === 'X').map(({ name, pid, tid }) => `${name}: ${pid}/${tid}`)
    expect(lanes).toEqual(['1: 1/1', '2: 1/1', '3: 1/2', '5: 2/1', '4: 1/1'])
    expect(events.filter(({ ph }) => ph === 's').map(({ pid, tid, ts }) => `${pid}/${tid} ${ts.toFixed(2)}`)).toEqual([
      '1/1 0.02',
      '1/2 0.03',
    ])
    expect(events.filter(({ ph }) => ph === 'M').map(({ args }) => args['name'])).toEqual([
      'users:4711@host-1',
      'lane 1',
      'lane 2',
      'orders:1@b',
      'lane 1',
    ])
  })

  test('nest, whatever the spans and times', async () => {
    const time = fc.integer({ min: 0, max: 40 })
    const part = fc.tuple(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 30 }),
      time,
      time,
      fc.constantFrom('a:1@a', 'b:2@b'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
        const spans = parts.map(([id, parent, from, to, process]) =>
          spanOf(id, parent, from * 333, to * 333, { process }),
        )
        expect(mistakesIn(await eventsOf(spans))).toEqual([])
      }),
      { numRuns: runs(300) },
    )
    // Times decades apart in one trace are beyond what numbers hold exactly.
    await fc.assert(
      fc.asyncProperty(traces, async (trace) =>
        expect(mistakesIn(await eventsOf(trace)).filter((each) => each !== 'overlaps')).toEqual([]),
      ),
    )
  })

  test('are exact to the nanosecond within days', async () => {
    const day = 86_400_000_000_000
    const spans = [
      spanOf(1, 0, 0, 10 * day),
      ...Array.from({ length: 50 }, (_, at) => spanOf(at + 2, 1, day * 9 + at, day * 9 + at + 1)),
    ]
    const events = await eventsOf(spans)
    expect(mistakesIn(events)).toEqual([])
    expect(new Set(events.filter(({ ph }) => ph === 'X').map(({ tid }) => tid)).size).toBe(1)
  })

  test('of 8,000 spans at once have as many lanes, in little time', async () => {
    const spans = Array.from({ length: 8_000 }, (_, at) => spanOf(at + 2, 1, at, 1_000_000 + at))
    const events = await eventsOf([spanOf(1, 0, 0, 2_000_000), ...spans])
    expect(new Set(events.filter(({ ph }) => ph === 'X').map(({ tid }) => tid)).size).toBe(8_000)
  })
})
