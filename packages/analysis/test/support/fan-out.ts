import type { Span } from '@trace/core'
import { aSpan } from './spans.js'

const START = 1_445_346_855_000_000_000n

/** `[id, parent, process, kind, name, start, end]`, times in ms from the start; an open span has no end. */
type Parts = readonly [number, number, string, string, string, number, number?]

const [GATEWAY, ORDERS, STOCK] = ['gateway:11@host-1', 'orders:12@host-2', '在庫:13@host-3']

const SPANS: readonly (readonly [Parts, Span['data']])[] = [
  [
    [1, 0, GATEWAY, 'request', 'GET /checkout/:item', 0, 120],
    {
      'http.request.method': 'GET',
      'url.path': '/checkout/book',
      'url.query': 'n=2',
      'user.id': 42,
      'http.response.status_code': 502,
    },
  ],
  [[2, 1, GATEWAY, 'work', 'find price', 2, 30], {}],
  [[3, 1, GATEWAY, 'client', 'POST orders', 5, 100], { 'url.path': '/orders/book', 'server.address': 'orders' }],
  [
    [4, 3, ORDERS, 'request', 'POST /orders/:item', 8, 98],
    {
      'url.path': '/orders/book',
      'http.response.status_code': 500,
      'error.type': 'RangeError',
      'error.message': 'there is no shelf for book',
      'error.stack':
        'RangeError: there is no shelf for book\n    at shelfOf (file:///app/shelves.js:12:9)\n    at find (file:///app/orders.js:40:3)',
      'error.cause': [{ type: 'Error', message: 'disk 3 is gone' }],
    },
  ],
  [[5, 4, ORDERS, 'client', 'GET stock', 55, 95], { 'url.path': '/stock/book' }],
  [[6, 5, STOCK, 'request', '在庫を調べる', 58, 92], { 'url.path': '/stock/book', note: 'é́ \u001b[31mred\u202e' }],
  [
    [7, 6, STOCK, 'db', 'select shelf', 60, 90],
    {
      'db.query.text':
        'select shelf from shelves where item = $1 and not exists (select 1 from closed where closed.shelf = shelves.id)',
      rows: 0,
    },
  ],
  [[8, 1, GATEWAY, 'work', 'send receipt', 101], { to: 'ann@example.org' }],
  [[9, 99, ORDERS, 'mail', 'send', 103, 110], {}],
]

/** A request through three services on three hosts: a loop of queries, a failure, an open span, and a span whose parent is not stored. */
export function fanOut(): Span[] {
  const loop = Array.from({ length: 40 }, (_, at): readonly [Parts, Span['data']] => [
    [100 + at, 4, ORDERS, 'db', 'select price', 10 + at, 11 + at],
    { 'db.query.text': 'select price from items where id = $1', item: at },
  ])
  return [...SPANS, ...loop].map(([[id, parent, process, kind, name, from, to], data]) =>
    aSpan({
      spanId: BigInt(id),
      parentId: BigInt(parent),
      process,
      kind,
      name,
      start: START + BigInt(from) * 1_000_000n,
      finish: to === undefined ? undefined : START + BigInt(to) * 1_000_000n,
      data,
    }),
  )
}
