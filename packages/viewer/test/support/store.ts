import { type MemoryRecorder, memoryRecorder, type Span } from '@trace/core'

const MS = 1_000_000n
/** In ns since the epoch. */
export const START: bigint = 1_790_000_000_000n * MS

let id = 100n

/** @param parts `from`: when it starts, after {@link START}, and `ms`, how long it takes, in ms */
export function aSpan(parts: Partial<Span> & { from?: number; ms?: number } = {}): Span {
  const { from = 0, ms = 10, ...rest } = parts
  const start = START + BigInt(Math.round(from * 1e6))
  return {
    spanId: ++id,
    traceId: 7n,
    parentId: 0n,
    process: 'gateway:1@web-1',
    kind: 'request',
    name: 'GET /',
    start,
    finish: start + BigInt(Math.round(ms * 1e6)),
    data: {},
    ...rest,
  }
}

/** The trace that most tests look at: four services, 12 like queries, a failure with a cause, an orphan and an open span. */
export function checkout(traceId = 7n): Span[] {
  const data = { 'http.route': '/checkout/:item', 'user.id': 42 }
  const root = aSpan({ traceId, name: 'GET /checkout/:item', ms: 100, data })
  const order = aSpan({
    traceId,
    parentId: root.spanId,
    process: 'orders:2@web-2',
    name: 'POST /orders',
    from: 5,
    ms: 80,
  })
  const queries = Array.from({ length: 12 }, (_, n) =>
    aSpan({
      traceId,
      parentId: order.spanId,
      process: 'orders:2@web-2',
      kind: 'db',
      name: 'select price',
      from: 6 + n * 2,
      ms: 1,
      data: { 'db.query.text': `select price where id = ${n}` },
    }),
  )
  const stock = aSpan({
    traceId,
    parentId: order.spanId,
    process: 'inventory:3@web-3',
    name: 'GET /stock/:item',
    from: 40,
    ms: 30,
    data: {
      'error.type': 'RangeError',
      'error.message': 'no shelf for unicorn',
      'error.stack': 'RangeError: no shelf for unicorn\n    at shelfOf (/srv/stock.js:41:11)',
      'error.cause': [{ type: 'Error', message: 'SQLITE_BUSY' }],
      events: [{ time: new Date(Number(START / MS) + 50).toISOString(), name: 'retry' }],
    },
  })
  const mail = aSpan({ traceId, parentId: 5n, process: 'mailer:4@web-4', name: 'POST /mail', from: 60, ms: 5 })
  const receipt = aSpan({
    traceId,
    parentId: root.spanId,
    kind: 'work',
    name: 'send receipt',
    from: 90,
    finish: undefined,
  })
  return [root, order, ...queries, stock, mail, receipt]
}

export async function storeOf(...traces: readonly (readonly Span[])[]): Promise<MemoryRecorder> {
  const store = memoryRecorder({ limit: 1_000_000 })
  for (const spans of traces) await store.record(spans)
  return store
}
