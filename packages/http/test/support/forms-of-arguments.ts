import http, { ClientRequest, type ClientRequestArgs } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import url from 'node:url'
import type { Form } from './differential-stand.js'
import { foreignUrl, get, noted, plain } from './outgoing-form.js'

class OptionsWithMethods {
  readonly path = '/ok'
  readonly port: number

  constructor(port: number) {
    this.port = port
  }

  get method() {
    return 'DELETE'
  }
}

/** Requests that differ in the arguments of `request`. */
export const ARGUMENTS: Readonly<Record<string, Form>> = {
  'a string': ({ go, port }) => go(() => http.request(`http://localhost:${port}/ok?a=b#c`)),
  'a string and options': ({ go, port }) => go(() => http.request(`http://localhost:${port}/b`, { path: '/ok' })),
  'a string, options and a callback': ({ go, note, port }) =>
    go(() => http.request(`http://localhost:${port}/ok`, { method: 'PUT' }, () => note('called'))),
  'a string and a callback': ({ go, note, port }) =>
    go(() => http.request(`http://localhost:${port}/ok`, () => note('called'))),
  'a string and null': ({ go, port }) => go(() => Reflect.apply(http.get, http, [`http://localhost:${port}/ok`, null])),
  'a string and undefined': ({ go, port, note }) =>
    go(() => Reflect.apply(http.get, http, [`http://localhost:${port}/ok`, undefined, () => note('called')])),
  'a string with a user': ({ go, port }) => go(() => http.request(`http://me:s%40crt@localhost:${port}/ok`)),
  'a URL': ({ go, port }) => go(() => http.request(new URL(`http://localhost:${port}/ok`))),
  'a URL and options': ({ go, port }) => go(() => http.request(new URL(`http://localhost:${port}/b`), { path: '/ok' })),
  'a URL with properties of its own': ({ go, port }) =>
    go(() => http.request(Object.assign(new URL(`http://localhost:${port}/ok`), { headers: { 'X-Own': 'a' } }))),
  'a URL of another realm': ({ go, port }) => go(() => http.request(foreignUrl(`http://localhost:${port}/ok`))),
  'a URL of another realm and a list of headers': ({ go, port }) =>
    go(() => http.request(foreignUrl(`http://localhost:${port}/ok`), { headers: ['Host', 'a', 'X-Own', 'b'] })),
  'a URL of another realm and Expect': ({ go, port }) =>
    go(() => http.request(foreignUrl(`http://localhost:${port}/ok`), { headers: { Expect: '100-continue' } })),
  'what url.parse gives': ({ go, port }) => go(() => http.request(url.parse(`http://me:a@localhost:${port}/ok?a=b`))),
  options: get({}),
  'options and a callback': (at) => at.go(() => http.request(plain(at), () => at.note('called'))),
  'http.get with a method': (at) =>
    at.go(
      () => http.get(plain(at, { method: 'DELETE' })),
      () => {},
    ),
  'frozen options': (at) => at.go(() => http.request(Object.freeze(plain(at, { headers: Object.freeze({ A: 'b' }) })))),
  'options without a prototype': (at) => at.go(() => http.request(Object.assign(Object.create(null), plain(at)))),
  'inherited options': (at) => at.go(() => http.request(Object.assign(Object.create({ method: 'PUT' }), plain(at)))),
  'options of a class': (at) => at.go(() => http.request(new OptionsWithMethods(at.port))),
  'options that are a Proxy': (at) => at.go(() => http.request(new Proxy(plain(at), {}))),
  'options that are read': (at) => at.go(() => http.request(noted(at, plain(at, { headers: { A: 'b' } })))),
  'options that are read, with a list': (at) =>
    at.go(() => http.request(noted(at, plain(at, { headers: ['Host', 'a', 'B', 'c'] })))),
  'headers that are read': (at) =>
    at.go(() => http.request(plain(at, { headers: noted(at, { A: 'b', Expect: '100-continue' }) }))),
  'options that are read, with a URL': (at) =>
    at.go(() => http.request(new URL(`http://localhost:${at.port}/b`), noted(at, { path: '/ok', method: 'PUT' }))),
  'options with a property that throws': (at) =>
    at.go(() =>
      http.request({
        get path(): string {
          throw new RangeError('mine')
        },
      }),
    ),
  'an invalid string': ({ go }) => go(() => http.request('no url')),
  'an invalid string and options that are read': (at) =>
    at.go(() => http.request('no url', noted(at, { path: '/ok' }))),
  nothing: ({ go }) => go(() => Reflect.apply(http.request, http, [undefined, { port: 1 }])),
  'another protocol': get({ protocol: 'https:' }),
  'an invalid method': get({ method: 'a b' }),
  'a method that is no string': get({ method: 5 }),
  'a method in lower case': get({ method: 'put' }),
  'a method of its own': get({ method: 'FETCHALL' }),
  'an invalid path': get({ path: '/a b' }),
  'a path that is a URL': get({ path: 'http://b.example/ok' }),
  'a path without a slash': get({ path: 'ok' }),
  'a path that looks like a host': get({ path: '//evil.example/ok' }),
  'a path with a backslash': get({ path: '\\\\evil.example/ok' }),
  'OPTIONS *': get({ method: 'OPTIONS', path: '*' }),
  'an invalid port': get({ port: 'x' }),
  'a port out of range': get({ port: 70_000 }),
  'a port that is a string': (at) => at.go(() => http.request(plain(at, { port: String(at.port) }))),
  'an invalid host': get({ host: 'a b' }),
  'a host that is no string': get({ host: 5 }),
  'a host with a port': get({ host: 'localhost:80' }),
  'hostname and host': get({ hostname: 'localhost', host: 'nowhere.invalid' }),
  'an address': get({ host: '127.0.0.1' }),
  'an IPv6 address': get({ host: '::1' }),
  'the defaultPort': (at) => at.go(() => http.request({ path: '/ok', defaultPort: at.port })),
  'an invalid timeout': get({ timeout: 'x' }),
  'an invalid agent': get({ agent: 5 }),
  auth: get({ auth: 'me:secret' }),
  'auth with a header': get({ auth: 'me:secret', headers: { Authorization: 'x' } }),
  'no Host': get({ setHost: false }),
  'no default headers': get({ setDefaultHeaders: false, setHost: true }),
  'headers that are unique': get({ uniqueHeaders: ['x-own'], headers: { 'X-Own': ['a', 'b'] } }),
  'headers to join': get({ joinDuplicateHeaders: true }),
  'the lenient parser': get({ insecureHTTPParser: true }),
  'one object for two requests': async (at) => {
    const options = plain(at, { headers: { A: 'b' } })
    const list = plain(at, { headers: ['Host', 'a', 'C', 'd'] })
    for (const each of [options, options, list, list]) await at.go(() => http.request(each))
    at.note(JSON.stringify([options, list]))
  },
  'ClientRequest itself': (at) => at.go(() => new ClientRequest(plain(at) as ClientRequestArgs)),
  'ClientRequest itself, and a URL': (at) =>
    at.go(() => new http.ClientRequest(new URL(`http://localhost:${at.port}/ok`), () => at.note('called'))),
  'a ClientRequest of its own': (at) =>
    at.go(() => new (class Own extends ClientRequest {})(plain(at) as ClientRequestArgs)),
  https: (at) =>
    at.go(() => https.request({ ...plain(at), createConnection: () => net.connect(at.port), agent: undefined })),
}
