import { ServerResponse } from 'node:http'
import { givenHeaders } from './given-headers.js'

/** Writes the head of a response, or fails to. */
export type Head = (res: ServerResponse) => void

/** Calls a method with arguments that its types may not allow. */
export function call(res: object, method: string, ...args: unknown[]): unknown {
  const found: unknown = Reflect.get(res, method)
  if (typeof found !== 'function') throw new TypeError(`there is no ${method}`)
  return Reflect.apply(found, res, args)
}

const writing =
  (...args: unknown[]): Head =>
  (res) =>
    void call(res, 'writeHead', ...args)

const setting =
  (headers: readonly (readonly [name: string, value: unknown])[]): Head =>
  (res) => {
    for (const [name, value] of headers) call(res, 'setHeader', name, value)
  }

const both =
  (...heads: Head[]): Head =>
  (res) => {
    for (const head of heads) head(res)
  }

const GIVEN_HEADS: readonly (readonly [string, Head])[] = Object.entries(givenHeaders).flatMap(([name, headers]) => [
  [`writeHead with ${name}`, (res: ServerResponse) => writing(201, headers())(res)] as const,
  [
    `a header set, and writeHead with ${name}`,
    (res: ServerResponse) => both(setting([['X-Set', 'a']]), writing(201, headers()))(res),
  ],
])

const MORE: Readonly<Record<string, Head>> = {
  nothing: () => {},
  'a status': (res) => {
    res.statusCode = 404
  },
  'a status message': (res) => {
    res.statusCode = 404
    res.statusMessage = 'Not Here'
  },
  'a status message with a line break': (res) => {
    res.statusMessage = 'Not\r\nHere'
  },
  'headers that are set': setting([
    ['Content-Type', 'text/plain'],
    ['X-Number', 7],
    ['Set-Cookie', ['a=1', 'b=2']],
    ['X-Two', 'a'],
    ['x-two', 'b'],
  ]),
  'a header set to undefined': setting([['X-Undefined', undefined]]),
  'a header set with a bad name': setting([['X Bad', 'a']]),
  'headers that are appended': (res) => {
    call(res, 'appendHeader', 'X-Append', 'a')
    call(res, 'appendHeader', 'x-append', ['b', 'c'])
  },
  'setHeaders with a Map': (res) => void call(res, 'setHeaders', new Map([['X-Map', 'a']])),
  'setHeaders with Headers': (res) =>
    void call(
      res,
      'setHeaders',
      new Headers([
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ]),
    ),
  'our own header set': setting([['X-Request-Id', 'mine']]),
  'our own header set in capitals': setting([['X-REQUEST-ID', 'mine']]),
  'our own header set without values': setting([['X-Request-Id', []]]),
  'our own header set and given': both(setting([['X-Request-Id', 'set']]), writing(200, { 'x-request-id': 'given' })),
  'a header set and taken off': both(setting([['X-Set', 'a']]), (res) => res.removeHeader('X-Set')),
  'our own header taken off': (res) => res.removeHeader('X-Request-Id'),
  'all headers taken off': both(
    setting([
      ['X-Set', 'a'],
      ['Content-Type', 'text/plain'],
    ]),
    (res) => {
      for (const name of res.getHeaderNames()) res.removeHeader(name)
    },
  ),
  'the connection taken off': (res) => res.removeHeader('Connection'),
  'the length taken off': (res) => res.removeHeader('Content-Length'),
  'the transfer coding taken off': (res) => res.removeHeader('Transfer-Encoding'),
  'both taken off': (res) => {
    res.removeHeader('Content-Length')
    res.removeHeader('Transfer-Encoding')
  },
  'the date taken off': (res) => res.removeHeader('Date'),
  'no date': (res) => {
    res.sendDate = false
  },
  'chunks switched off': (res) => {
    res.useChunkedEncodingByDefault = false
  },
  'keep-alive switched off': (res) => {
    res.shouldKeepAlive = false
  },
  'a strict length that is right': (res) => {
    Reflect.set(res, 'strictContentLength', true)
    call(res, 'setHeader', 'Content-Length', 4)
  },
  'a strict length that is wrong': (res) => {
    Reflect.set(res, 'strictContentLength', true)
    call(res, 'setHeader', 'Content-Length', 3)
  },
  'a strict length given to writeHead': (res) => {
    Reflect.set(res, 'strictContentLength', true)
    call(res, 'writeHead', 200, { 'Content-Length': 9 })
  },
  'writeHead alone': writing(202),
  'writeHead with a message': writing(202, 'Got It'),
  'writeHead with a message and headers': writing(202, 'Got It', { 'X-Given': 'a' }),
  'writeHead with a message and pairs': writing(202, 'Got It', [
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ]),
  'writeHead with two things for headers': writing(202, { 'X-First': 'a' }, { 'X-Second': 'b' }),
  'writeHead with undefined for a message': writing(202, undefined, { 'X-Given': 'a' }),
  'writeHead with an empty message': writing(202, '', { 'X-Given': 'a' }),
  'writeHead with a broken message': writing(202, 'a\nb', { 'X-Given': 'a' }),
  'writeHead with undefined for headers': writing(202, { 'X-Given': 'a' }, undefined),
  'headers set and given': both(
    setting([
      ['X-Set', 'a'],
      ['X-Both', 'set'],
    ]),
    writing(200, { 'x-both': 'given', 'X-Given': 'b' }),
  ),
  'headers set and given in a list': both(
    setting([
      ['X-Set', 'a'],
      ['X-Both', 'set'],
      ['Set-Cookie', 'c=3'],
    ]),
    writing(200, ['x-both', 'given', 'X-Given', 'b', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']),
  ),
  'headers set and given in pairs': both(
    setting([
      ['X-Set', 'a'],
      ['X-Both', 'set'],
    ]),
    writing(200, [
      ['x-both', 'given'],
      ['X-Given', 'b'],
    ]),
  ),
  'writeHead twice': both(writing(202), writing(200)),
  'writeHead twice, with headers': both(writing(202, { 'X-First': 'a' }), writing(200, { 'X-Second': 'a' })),
  'writeHead refused, then right': (res) => {
    try {
      call(res, 'writeHead', 203, { 'X-Undefined': undefined })
    } catch {
      call(res, 'writeHead', 201, { 'X-Given': 'a' })
    }
  },
  'writeHead refused, then headers set': (res) => {
    try {
      call(res, 'writeHead', 203, [['X-Pair', undefined]])
    } catch {
      res.setHeader('X-Set', 'a')
    }
  },
  'a header set after the head': both(writing(202), setting([['X-Late', 'a']])),
  'a header taken off after the head': both(writing(202), (res) => res.removeHeader('X-Late')),
  'a status after the head': both(writing(202), (res) => {
    res.statusCode = 500
  }),
  'writeHeader, which Node 26 has no more': (res) => void call(res, 'writeHeader', 203, { 'X-Given': 'a' }),
  'the writeHead of all responses': (res) => {
    Reflect.apply(ServerResponse.prototype.writeHead, res, [203, { 'X-Given': 'a' }])
  },
  'a writeHead that was replaced': (res) => {
    const { writeHead } = res
    res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
      if (!this.headersSent) this.setHeader('X-Replaced', 'a')
      return Reflect.apply(writeHead, this, args)
    }
  },
  flushHeaders: (res) => res.flushHeaders(),
  'flushHeaders, and then writeHead': both((res) => res.flushHeaders(), writing(202)),
  'writeHead, and then flushHeaders': both(writing(202, { 'X-Given': 'a' }), (res) => res.flushHeaders()),
  'flushHeaders, and then a header': both((res) => res.flushHeaders(), setting([['X-Late', 'a']])),
  'flushHeaders twice': both(
    (res) => res.flushHeaders(),
    (res) => res.flushHeaders(),
  ),
  writeContinue: (res) => void call(res, 'writeContinue'),
  writeProcessing: (res) => void call(res, 'writeProcessing'),
  writeEarlyHints: (res) => void call(res, 'writeEarlyHints', { link: '</a.css>; rel=preload', 'x-hint': 'a' }),
  'writeEarlyHints without a link': (res) => void call(res, 'writeEarlyHints', { link: [] }),
  'writeInformation, of Node 24': (res) => void call(res, 'writeInformation', 110, { 'X-Info': 'a' }),
  'hints, and then writeHead': both(
    (res) => void call(res, 'writeEarlyHints', { link: '</a.css>; rel=preload' }),
    writing(200, { 'X-Given': 'a' }),
  ),
  'a continuation after the head': both(writing(202), (res) => void call(res, 'writeContinue')),
}

const STATUSES: readonly unknown[] = [
  200,
  204,
  205,
  299,
  304,
  400,
  500,
  599,
  600,
  999,
  99,
  100,
  1000,
  0,
  -1,
  '201',
  'abc',
  200.9,
  undefined,
  null,
  Number.NaN,
]

const STATUS_HEADS = STATUSES.flatMap((status) => [
  [`writeHead with the status ${JSON.stringify(status)}`, writing(status, { 'X-Given': 'a' })] as const,
  [
    `the status ${JSON.stringify(status)}`,
    (res: ServerResponse) => {
      Reflect.set(res, 'statusCode', status)
    },
  ] as const,
])

/** All heads, by their names. */
export const heads: ReadonlyMap<string, Head> = new Map<string, Head>([
  ...Object.entries(MORE),
  ...GIVEN_HEADS,
  ...STATUS_HEADS,
])
