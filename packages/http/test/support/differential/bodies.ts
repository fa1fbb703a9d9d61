import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { call } from './heads.js'

/** Sends a body, or fails to. */
export type Body = (res: ServerResponse) => unknown

/** Bodies that are combined with every head. */
export const basicBodies: Readonly<Record<string, Body>> = {
  'no body': (res) => res.end(),
  'a text': (res) => res.end('text'),
  'two parts': (res) => {
    res.write('te')
    res.end('xt')
  },
  'parts of a stream': async (res) => {
    for await (const part of Readable.from(['te', 'xt'])) res.write(part)
    res.end()
  },
}

/** Bodies that are combined with some heads. */
export const moreBodies: Readonly<Record<string, Body>> = {
  'a piped stream': (res) => Readable.from(['te', 'xt']).pipe(res),
  bytes: (res) => res.end(Buffer.from('text')),
  'a typed array': (res) => res.end(new Uint8Array([116, 101, 120, 116])),
  'a text in latin1': (res) => res.end('é', 'latin1'),
  'an empty text': (res) => res.end(''),
  'an empty part': (res) => {
    res.write('')
    res.end('text')
  },
  'many parts, some later': async (res) => {
    for (const part of ['a', 'b', 'c', 'd']) {
      res.write(part)
      await new Promise((resolve) => setImmediate(resolve))
    }
    res.end()
  },
  'a head, and the rest later': async (res) => {
    res.flushHeaders()
    await new Promise((resolve) => setImmediate(resolve))
    res.end('text')
  },
  'much text': (res) => res.end('x'.repeat(100_000)),
  'parts held back': (res) => {
    res.cork()
    res.write('te')
    res.write('xt')
    res.uncork()
    res.end()
  },
  trailers: (res) => {
    res.write('text')
    res.addTrailers({ 'X-Trailer': 'a' })
    res.end()
  },
  'trailers in pairs': (res) => {
    res.write('text')
    call(res, 'addTrailers', [
      ['X-Trailer', 'a'],
      ['X-Request-Id', 'b'],
    ])
    res.end()
  },
  'a broken trailer': (res) => {
    res.write('text')
    call(res, 'addTrailers', { 'X-Trailer': 'a\nb' })
    res.end()
  },
  'a pipeline': (res) => pipeline(Readable.from(['te', 'xt']), res),
  'end with a function': (res) => new Promise<void>((resolve) => res.end('text', () => resolve())),
  'end with a function alone': (res) => new Promise<void>((resolve) => res.end(() => resolve())),
  'write with a function': (res) => {
    res.write('te', () => res.end('xt'))
  },
  'end twice': (res) => {
    res.end('text')
    res.end()
  },
  'end twice with texts': (res) => {
    res.end('text')
    res.end('more')
  },
  'write after the end': (res) => {
    res.end('text')
    res.write('more')
  },
  'write of null': (res) => {
    call(res, 'write', null)
    res.end()
  },
  'write of a number': (res) => {
    call(res, 'write', 5)
    res.end()
  },
  'end with a number': (res) => {
    call(res, 'end', 5)
  },
  'a pipe out of it': (res) => {
    call(res, 'pipe', res)
    res.end('text')
  },
  'a header in an error': (res) => {
    res.write('text')
    res.setHeader('X-Late', 'a')
    res.end()
  },
  'an error thrown': () => {
    throw new RangeError('thrown')
  },
  'an error thrown amid the body': (res) => {
    res.write('text')
    throw new RangeError('thrown')
  },
  'an error thrown later': async () => {
    await new Promise((resolve) => setImmediate(resolve))
    throw new RangeError('thrown')
  },
  'the response destroyed': (res) => res.destroy(),
  'the response destroyed by an error': (res) => res.destroy(new RangeError('destroyed')),
  'the response destroyed amid the body': (res) => {
    res.write('text')
    setImmediate(() => res.destroy())
  },
  'the request destroyed': (res) => res.req.destroy(),
  'the request destroyed by an error': (res) => {
    res.req.on('error', () => {})
    res.req.destroy(new RangeError('destroyed'))
  },
  'the connection destroyed': (res) => {
    res.write('text')
    setImmediate(() => res.req.socket.destroy())
  },
  'an event of its own': (res) => {
    res.on('own', (text) => res.end(text))
    if (!res.emit('other')) res.emit('own', 'text')
  },
  'an error event': (res) => {
    res.emit('error', new RangeError('emitted'))
    res.end('text')
  },
}
