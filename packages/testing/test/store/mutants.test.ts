import { describe, expect, test } from '@jest/globals'
import { type MemoryRecorder, memoryRecorder, RecordError, type Span } from '@trace/core'
import { type Case, type ForeignStore, readerSuite, recorderSuite, type TestStore } from '../../src/index.js'

/** Backends that each have one fault; the suites must see every one of them. */
type Mutant = (memory: MemoryRecorder) => Partial<TestStore>

const recording =
  (change: (span: Span) => Span | undefined): Mutant =>
  (memory) => ({
    recorder: { ...memory, record: (spans) => memory.record(spans.flatMap((span) => change(span) ?? [])) },
  })
const reading =
  (change: Partial<MemoryRecorder>): Mutant =>
  (memory) => ({ reader: { ...memory, ...change } })

const recorderMutants: Record<string, Mutant> = {
  'stores nothing': recording(() => undefined),
  'rounds ids': recording((span) => ({ ...span, spanId: BigInt(Number(span.spanId)) })),
  'signs ids': recording((span) => ({ ...span, parentId: BigInt.asIntN(64, span.parentId) })),
  'rounds times': recording((span) => ({ ...span, start: (span.start / 1_000n) * 1_000n })),
  'drops an empty name': recording((span) => ({ ...span, name: span.name || 'unnamed' })),
  'drops the parent': recording((span) => ({ ...span, parentId: 0n })),
  'trims texts': recording((span) => ({ ...span, process: span.process.trim() })),
  'makes bigints numbers': recording((span) => ({ ...span, data: JSON.parse(numbersOf(span)) })),
  'gives data that inherit nothing': recording((span) => ({
    ...span,
    data: Object.assign(Object.create(null), span.data),
  })),
  'drops colliding keys': recording((span) => {
    const { span_id: _, ...data } = span.data
    return { ...span, data }
  }),
  'drops open spans': recording((span) => (span.finish === undefined ? undefined : span)),
  'finishes open spans': recording((span) => ({ ...span, finish: span.finish ?? span.start })),
  'keeps the first of two': (memory) => ({
    recorder: {
      ...memory,
      record: (spans) => memory.record(spans.filter((span) => !memory.spans.some((kept) => sameKey(kept, span)))),
    },
  }),
  'knows spans by their own id only': recording((span) => ({
    ...span,
    traceId: span.traceId === 12n ? 11n : span.traceId,
  })),
  'loses the end of a batch': (memory) => ({
    recorder: { ...memory, record: (spans) => memory.record(spans.slice(0, 1_000)) },
  }),
  'chokes on an empty batch': (memory) => ({
    recorder: {
      ...memory,
      record: (spans) => {
        if (spans.length === 0) throw new Error('empty')
        memory.record(spans)
      },
    },
  }),
  'loses spans at exit': (memory) => ({ recorder: { ...memory, recordSync: () => {} } }),
  'closes what is not its own': (memory) => ({ recorder: { ...memory, close: async () => memory.clear() } }),
}

/** Of a store that refuses a span. */
const refusingMutants: Record<string, Mutant> = {
  'loses a batch for one span': failing((memory, spans, bad) => {
    if (bad.length === 0) memory.record(spans)
    else throw new RecordError('bad', spans)
  }),
  'loses a span silently': failing((memory, spans, bad) => memory.record(spans.filter((span) => !bad.includes(span)))),
  'names too few spans': failing((memory, spans, bad) => {
    memory.record(spans.filter((span) => !bad.includes(span)))
    if (bad.length > 0) throw new RecordError('bad', [])
  }),
  'never recovers': (memory) => {
    let isBroken = false
    return failing((store, spans, bad) => {
      isBroken ||= bad.length > 0
      if (isBroken) throw new RecordError('bad', spans)
      store.record(spans)
    })(memory)
  },
}

const readerMutants: Record<string, Mutant> = {
  'has all traces in one': (memory) =>
    reading({ trace: async () => ({ spans: memory.spans, skipped: 0, places: [] }) })(memory),
  'forgets the default limit': (memory) =>
    reading({ traces: (query, how) => memory.traces({ limit: 100, ...query }, how) })(memory),
  'forgets the limit': (memory) =>
    reading({ traces: (query, how) => memory.traces({ ...query, limit: 20 }, how) })(memory),
  'passes over a condition that there is not': (memory) =>
    reading({
      traces: (query = {}, how) =>
        memory.traces(Object.fromEntries(Object.entries(query).filter(([name]) => name !== 'limt')), how),
    })(memory),
  'takes text for a limit': (memory) =>
    reading({
      traces: (query = {}, how) =>
        memory.traces(typeof query.limit === 'string' ? { ...query, limit: Number(query.limit) } : query, how),
    })(memory),
  'takes text for an id': (memory) =>
    reading({ trace: (id, how) => memory.trace(typeof id === 'string' ? BigInt(id) : id, how) })(memory),
  'lists oldest first': (memory) =>
    reading({
      traces: async (query, how) => {
        const list = await memory.traces(query, how)
        return { ...list, traces: list.traces.toReversed() }
      },
    })(memory),
  'takes the first 20 of the store': (memory) =>
    reading({
      traces: async (query = {}, how) => {
        const list = await memory.traces({ ...query, limit: 1_000 }, how)
        return {
          ...list,
          traces: list.traces.toSorted((a, b) => (a.traceId < b.traceId ? -1 : 1)).slice(0, query.limit ?? 20),
        }
      },
    })(memory),
  ...Object.fromEntries(
    (['from', 'to', 'kind', 'name', 'minDuration', 'error'] as const).map((condition): [string, Mutant] => [
      `forgets the condition ${condition}`,
      (memory) =>
        reading({
          traces: ({ [condition]: _, ...query } = {}, how) => memory.traces(query, how),
        })(memory),
    ]),
  ),
  'forgets the signal': (memory) =>
    reading({ trace: (id) => memory.trace(id), traces: (query) => memory.traces(query) })(memory),
  'says it skipped': (memory) =>
    reading({ trace: async (id, how) => ({ ...(await memory.trace(id, how)), skipped: 1 }) })(memory),
  'scans ledgers unasked': (memory) =>
    reading({
      scan: async function* () {
        yield { spans: [...memory.spans], skipped: 0, places: [] }
      },
    })(memory),
  ...Object.fromEntries(
    (['from', 'to', 'kind'] as const).map((condition): [string, Mutant] => [
      `forgets the condition ${condition} of a scan`,
      (memory) => reading({ scan: ({ [condition]: _, ...query } = {}, how) => memory.scan(query, how) })(memory),
    ]),
  ),
  'forgets the signal of a scan': (memory) => reading({ scan: (query) => memory.scan(query) })(memory),
  'scans a part only': (memory) =>
    reading({
      scan: async function* (query, how) {
        for await (const batch of memory.scan(query, how)) yield { ...batch, spans: batch.spans.slice(1) }
      },
    })(memory),
  'follows nothing': reading({
    follow: ({ signal }) => endless(signal),
  }),
}

async function* endless(signal: AbortSignal | undefined): AsyncGenerator<readonly Span[]> {
  yield []
  if (signal?.aborted !== true) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
}

function sameKey(a: Span, b: Span): boolean {
  return a.spanId === b.spanId && a.traceId === b.traceId
}

function numbersOf(span: Span): string {
  return JSON.stringify({ ...span.data }, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))
}

function failing(record: (memory: MemoryRecorder, spans: readonly Span[], bad: readonly Span[]) => void): Mutant {
  return (memory) => ({
    recorder: {
      ...memory,
      record: (spans) =>
        record(
          memory,
          spans,
          spans.filter((span) => span.start > 10n ** 29n),
        ),
    },
  })
}

/** Runs all cases at a time, since each has a store of its own, and some wait. */
async function failures(cases: readonly Case[]): Promise<string[]> {
  const failed: string[] = []
  await Promise.all(cases.map(({ name, run }) => run().catch(() => failed.push(name))))
  return failed
}

function storeOf(mutant: Mutant): TestStore {
  const memory = memoryRecorder()
  return { recorder: memory, reader: memory, ...mutant(memory) }
}

const whole: Mutant = failing((memory, spans, bad) => {
  memory.record(spans.filter((span) => !bad.includes(span)))
  if (bad.length > 0) throw new RecordError('bad', bad)
})

test('a backend without a fault passes', async () => {
  expect(await failures(recorderSuite({ open: () => storeOf(whole) }))).toEqual([])
  expect(await failures(readerSuite({ open: () => storeOf(whole) }))).toEqual([])
})

describe('the suite of recorders sees one that', () => {
  test.each(Object.entries({ ...recorderMutants, ...refusingMutants }))('%s', async (name, mutant) => {
    const open = (): TestStore => storeOf(mutant)
    const openForeign = (): ForeignStore => ({ ...open(), isOpen: () => true })
    const poison = Object.hasOwn(refusingMutants, name) ? {} : { poison: false as const }
    expect(await failures(recorderSuite({ open, openForeign, ...poison }))).not.toEqual([])
  })
})

describe('the suite of readers sees one that', () => {
  // At a time, since a reader that never yields a span is found only by waiting.
  test.concurrent.each(Object.entries(readerMutants))('%s', async (_, mutant) => {
    expect(await failures(readerSuite({ open: () => storeOf(mutant) }))).not.toEqual([])
  })
})

test('a store is cleared up after a failure too', async () => {
  let disposed = 0
  const open = (): TestStore => ({ ...storeOf(recording(() => undefined)), dispose: () => void disposed++ })
  const cases = recorderSuite({ open })
  await failures(cases)
  expect(disposed).toBe(cases.length)
})
