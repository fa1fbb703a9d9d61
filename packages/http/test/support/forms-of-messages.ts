import http from 'node:http'
import { Readable } from 'node:stream'
import type { Form } from './differential-stand.js'
import { get, plain, post, withHeaders } from './outgoing-form.js'

/** Requests that differ in their headers. */
export const HEADERS: Readonly<Record<string, Form>> = {
  none: withHeaders(undefined),
  'an object': withHeaders({ 'X-Own': 'a', 'x-list': ['b', 'c'], 'X-Number': 5 }),
  'an object without a prototype': withHeaders(Object.assign(Object.create(null), { A: 'b' })),
  'an object with inherited headers': withHeaders(Object.assign(Object.create({ B: 'c' }), { A: 'b' })),
  'two spellings': withHeaders({ 'X-Own': 'a', 'x-own': 'b' }),
  'a Map': withHeaders(new Map([['A', 'b']])),
  'what fetch has': withHeaders(new Headers({ A: 'b' })),
  'a list': withHeaders(['Host', 'a', 'X-Own', 'b', 'x-own', 'c']),
  'a list without Host': withHeaders(['X-Own', 'b']),
  'an empty list': withHeaders([]),
  'an odd list': withHeaders(['Host', 'a', 'X']),
  'a list of pairs': withHeaders([
    ['Host', 'a'],
    ['X-Own', 'b'],
    ['x-own', 'c'],
  ]),
  'a list that is frozen': withHeaders(Object.freeze(['Host', 'a'])),
  'a list with an invalid name': withHeaders(['a b', 'c']),
  'a list with an invalid value': withHeaders(['A', 'b\r\nc']),
  'a list with undefined': withHeaders(['A', undefined]),
  Expect: withHeaders({ Expect: '100-continue', 'X-Own': 'a' }),
  'Expect that is empty': withHeaders({ Expect: '', 'X-Own': 'a' }),
  'Expect that is undefined': withHeaders({ expect: undefined }),
  'a list with Expect': withHeaders(['Host', 'a', 'Expect', '100-continue']),
  'Expect and frozen': withHeaders(Object.freeze({ Expect: '100-continue' })),
  'an invalid name': withHeaders({ 'a b': 'c' }),
  'an invalid value': withHeaders({ A: 'b\r\nc' }),
  undefined: withHeaders({ A: undefined }),
  'Connection: close': withHeaders({ Connection: 'close' }),
  'an empty Host': withHeaders({ Host: '' }),
  'a Host of its own': withHeaders({ Host: 'foo|bar' }),
  'set later': get({}, (request) => request.setHeader('A', 'b').end()),
  'set later from a Map': get({}, (request) => request.setHeaders(new Map([['A', 'b']])).end()),
  'Expect set later': get({}, (request) => request.setHeader('Expect', '100-continue').end()),
  'added later': get({ headers: { A: 'b' } }, (request) => request.appendHeader('A', 'c').end()),
  'taken off later': get({ headers: { A: 'b' } }, (request) => {
    request.removeHeader('a')
    request.removeHeader('host')
    request.end()
  }),
  flushed: get({}, (request) => {
    request.flushHeaders()
    request.flushHeaders()
    request.end()
  }),
  'set too late': get({}, (request) => {
    request.flushHeaders()
    request.end()
    request.setHeader('A', 'b')
  }),
}

/** Requests to which the program gives ids of its own. */
export const OWN_IDS: Readonly<Record<string, Form>> = {
  'in an object': withHeaders({ 'x-request-ID': 'mine' }),
  'in a list': withHeaders(['Host', 'a', 'x-request-ID', 'mine']),
  'in a list of pairs': withHeaders([
    ['Host', 'a'],
    ['x-request-ID', '1:2'],
  ]),
  'with Expect': withHeaders({ 'x-request-ID': '1:2', Expect: '100-continue' }),
  several: withHeaders({ 'x-request-id': ['1:2', '3:4'] }),
  'several in a list': withHeaders(['X-Request-Id', '1:2', 'X-Request-Id', '3:4']),
  'set later': get({}, (request) => request.setHeader('X-Request-Id', '1:2').end()),
  'added later': get({}, (request) => request.appendHeader('X-Request-Id', '1:2').end()),
  'added twice': get({}, (request) =>
    request.appendHeader('X-Request-Id', '1:2').appendHeader('X-Request-Id', '3').end(),
  ),
}

/** Requests that differ in how their bodies are written. */
export const BODIES: Readonly<Record<string, Form>> = {
  'at the end': post((request) => request.end('body')),
  'in two parts': post((request) => {
    request.write('bo')
    request.end('dy')
  }),
  'with a length': post((request) => request.end('body'), { headers: { 'Content-Length': 4 } }),
  'from a stream': post((request) => Readable.from(['bo', 'dy']).pipe(request)),
  'as bytes': post((request) => request.end(new Uint8Array([98, 111]))),
  'as text in hexadecimal': post((request) => request.end('626f', 'hex')),
  none: post((request) => request.end()),
  'none of a GET': get({}, (request) => request.end('body')),
  null: post((request) => {
    request.end()
    request.write(null as unknown as string)
  }),
  'a number': post((request) => {
    request.end()
    request.write(5 as unknown as string)
  }),
  'after the end': post((request) => {
    request.end()
    request.write('late')
  }),
  'ended twice': post((request) => request.end('a').end('b')),
  'with trailers': post(
    (request) => {
      request.write('body')
      request.addTrailers({ T: 'x' })
      request.end()
    },
    { headers: { Trailer: 'T' } },
  ),
  corked: post((request) => {
    request.cork()
    request.write('bo')
    request.write('dy')
    process.nextTick(() => request.uncork())
    request.end()
  }),
  'with a callback': (at) =>
    at.go(
      () => http.request(plain(at)),
      (request) => request.end(() => at.note('sent')),
    ),
  'after 100': (at) =>
    at.go(
      () => http.request(plain(at, { method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 4 } })),
      (request) => request.on('continue', () => request.end('body')).flushHeaders(),
    ),
}
