import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { PlainData, Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { yamlRecorder } from '@trace/yamlrec'

const START = BigInt(Date.UTC(2026, 0, 31, 9, 30)) * 1_000_000n
const MS = 1_000_000n

/** An id that looks like a real one, always the same for a number. */
export function idOf(number: number): bigint {
  return BigInt.asUintN(63, BigInt(number) * 0x9e37_79b9_7f4a_7c15n)
}

const HOSTS: Readonly<Record<string, string>> = { gateway: 'host-1', orders: 'host-2', inventory: 'host-3' }

interface Step {
  readonly service: string
  readonly kind: string
  readonly name: string
  /** When it begins and ends, in ms from the start of the trace; open without an end. */
  readonly at: readonly [from: number, to?: number]
  readonly data?: PlainData
  readonly below?: readonly Step[]
}

/** The spans of a trace, in the order of their ends. */
function spansOf(trace: number, second: number, step: Step, parentId = 0n, ids = { next: trace * 1_000 }): Span[] {
  const spanId = idOf(++ids.next)
  const { service, kind, name, at, data = {} } = step
  const [from, to] = at
  const start = START + BigInt(second) * 1_000n * MS
  const below = (step.below ?? []).flatMap((each) => spansOf(trace, second, each, spanId, ids))
  const span = {
    traceId: idOf(trace),
    spanId,
    parentId,
    process: `${service}:4711@${HOSTS[service]}`,
    kind,
    name,
    start: start + BigInt(Math.round(from * 1e6)),
    finish: to === undefined ? undefined : start + BigInt(Math.round(to * 1e6)),
    data,
  }
  return [...below, span]
}

const failure = (type: string, message: string, stack?: string): PlainData => ({
  'error.type': type,
  'error.message': message,
  ...(stack === undefined ? {} : { 'error.stack': stack }),
})

function checkout(item: string, ms: number, error?: PlainData): Step {
  const failed = (data: PlainData): PlainData => (error === undefined ? data : { ...data, ...error })
  const status = error === undefined ? 200 : 500
  const stock: Step = {
    service: 'inventory',
    kind: 'request',
    name: 'GET /stock/:item',
    at: [8, 12 + ms],
    data: failed({ 'http.request.method': 'GET', 'url.path': `/stock/${item}`, 'http.response.status_code': status }),
    below: [
      {
        service: 'inventory',
        kind: 'db',
        name: 'select shelf',
        at: [9, 11 + ms],
        data: failed({ 'db.query.text': 'SELECT count FROM shelf WHERE item = ?', item }),
      },
    ],
  }
  const client: Step = {
    service: 'orders',
    kind: 'client',
    name: 'GET inventory',
    at: [6, 14 + ms],
    data: { 'http.request.method': 'GET', 'url.path': `/stock/${item}`, 'http.response.status_code': status },
    below: [stock],
  }
  const order: Step = {
    service: 'orders',
    kind: 'request',
    name: 'POST /orders/:item',
    at: [4, 18 + ms],
    data: { 'url.path': `/orders/${item}`, 'http.response.status_code': status },
    below: [client, { service: 'orders', kind: 'db', name: 'insert order', at: [14 + ms, 17 + ms], data: { item } }],
  }
  return {
    service: 'gateway',
    kind: 'request',
    name: 'GET /checkout/:item',
    at: [0, 22 + ms],
    data: { 'url.path': `/checkout/${item}`, 'http.response.status_code': status, 'user.id': 42 },
    below: [
      {
        service: 'gateway',
        kind: 'client',
        name: 'POST orders',
        at: [2, 20 + ms],
        data: { 'url.path': `/orders/${item}` },
        below: [order],
      },
    ],
  }
}

const STACK = 'RangeError: there is no shelf for unicorn\n    at select (file:///srv/inventory/shelf.js:17:23)'

/** A report with a query for each item, where one would do. */
const report: Step = {
  service: 'orders',
  kind: 'request',
  name: 'GET /report',
  at: [0, 820],
  data: { 'url.path': '/report', 'http.response.status_code': 200 },
  below: [
    {
      service: 'orders',
      kind: 'db',
      name: 'select items',
      at: [1, 12],
      data: { 'db.query.text': 'SELECT item FROM orders' },
    },
    ...Array.from(
      { length: 40 },
      (_, at): Step => ({
        service: 'orders',
        kind: 'db',
        name: 'select price',
        at: [15 + at * 20, 34 + at * 20],
        data: { 'db.query.text': 'SELECT price FROM prices WHERE item = ?', item: `item-${at + 1}` },
      }),
    ),
  ],
}

/** A job that catches the error of one of its mails, and says nothing of it. */
const job: Step = {
  service: 'orders',
  kind: 'task',
  name: 'nightly invoices',
  at: [0, 300],
  below: [75, 76, 77, 78].map(
    (invoice, at): Step => ({
      service: 'orders',
      kind: 'mail',
      name: 'send invoice',
      at: [10 + at * 70, 60 + at * 70],
      data: { 'invoice.id': invoice, outcome: invoice === 77 ? 'mailbox full' : 'sent' },
    }),
  ),
}

/** The gateway's part of a trace whose orders' part was dropped. */
const lost: Step = {
  service: 'gateway',
  kind: 'request',
  name: 'GET /checkout/:item',
  at: [0, 60],
  data: { 'url.path': '/checkout/lamp', 'http.response.status_code': 200, 'user.id': 43 },
}

function ledger(second: number): Span {
  const start = START + BigInt(second) * 1_000n * MS
  return {
    traceId: idOf(90),
    spanId: idOf(91),
    parentId: 0n,
    process: 'orders:4711@host-2',
    kind: 'ledger',
    name: 'spans',
    start,
    finish: start + 1_000n * MS,
    data: { started: 340, recorded: 30, 'dropped.queue_full': 310 },
  }
}

/**
 * All spans of the story: six checkouts that work, one whose stock is slow, one that fails, a report, a job, and a trace that lost what is in
 * its middle.
 *
 * @param slower by how many ms every checkout's stock takes longer
 */
export function storySpans(slower = 0): Span[] {
  const middle: Step = {
    service: 'inventory',
    kind: 'request',
    name: 'GET /stock/:item',
    at: [20, 40],
    data: { 'url.path': '/stock/lamp', 'http.response.status_code': 200 },
  }
  return [
    ...[1, 2, 3, 4, 5, 6].flatMap((n) => spansOf(n, n, checkout(`book-${n}`, 3 + n / 2 + slower))),
    ...spansOf(10, 20, checkout('sofa', 420)),
    ...spansOf(11, 30, checkout('unicorn', 5, failure('RangeError', 'there is no shelf for unicorn', STACK))),
    ...spansOf(12, 40, report),
    ...spansOf(13, 50, job),
    ...spansOf(14, 60, lost),
    ...spansOf(14, 60, middle, idOf(99_999), { next: 14_500 }),
    ledger(60),
  ]
}

/** Writes the story as three hosts do, each to a file of its own: `gateway.jsonl`, `orders.yaml` and `inventory.jsonl.gz`. */
export async function writeStory(folder: string, spans: readonly Span[] = storySpans()): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const of = (service: string): Span[] => spans.filter(({ process }) => process.startsWith(`${service}:`))
  const lines = (service: string): string => of(service).map(spanToJsonLine).join('')
  const paths = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz'].map((name) => join(folder, name))
  const [gateway = '', orders = '', inventory = ''] = paths
  writeFileSync(gateway, lines('gateway'))
  writeFileSync(inventory, gzipSync(lines('inventory')))
  const recorder = yamlRecorder({ path: orders })
  await recorder.record(of('orders'))
  await recorder.close?.()
  return paths
}
