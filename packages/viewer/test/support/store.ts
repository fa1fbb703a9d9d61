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

/** A trace that needs explaining, and what explains it. */
export interface Lacking {
  readonly root: Span
  readonly order: Span
  readonly spans: readonly Span[]
  readonly ledgers: readonly Span[]
}

/**
 * The clock of web-2 is some 505 ms behind that of web-1, a parent was lost, which a ledger tells, and there are links, events, an error
 * with causes, and gaps of 15 ms each in the first span.
 */
export function lacking(traceId = 7n): Lacking {
  const root = aSpan({ traceId, name: 'GET /checkout/:item', ms: 100 })
  const orders = { traceId, process: 'orders:2@web-2' }
  const order = aSpan({
    ...orders,
    parentId: root.spanId,
    name: 'POST /orders',
    from: -490,
    ms: 70,
    data: {
      payload: '{"id":12345678901234567890,"list":[1,{"a":"b"}],"none":{}}',
      'error.type': 'AggregateError',
      'error.message': 'nobody answers',
      'error.stack': 'AggregateError: nobody answers\n    at order (/srv/orders.js:7:9)',
      'error.cause': [
        { type: 'Error', message: 'no route', stack: 'Error: no route\n    at connect (/srv/net.js:1:2)' },
      ],
      'error.errors': [{ type: 'TypeError', message: 'first part', cause: [{ type: 'Error', message: 'deep cause' }] }],
      events: [{ time: new Date(Number(START / MS) - 485).toISOString(), name: 'retry', attempt: 2 }],
      'events.dropped': 4,
      links: [
        { trace_id: String(traceId), span_id: String(root.spanId) },
        { trace_id: '8', span_id: '80', why: 'batch' },
        { trace_id: '12', span_id: '13', 'w3c.trace_id': '0af7651916cd43dd8448eb211c80319c' },
      ],
      'links.dropped': 3,
    },
  })
  const query = aSpan({ traceId, parentId: 999n, kind: 'db', name: 'select price', from: 40, ms: 5 })
  const ledger = { kind: 'ledger', name: 'spans', data: { started: 400, 'dropped.queue_full': 310 } }
  return {
    root,
    order,
    spans: [root, order, query],
    ledgers: [aSpan({ ...orders, ...ledger, traceId: traceId + 1_000n, from: -1_000, ms: 2_000 })],
  }
}
