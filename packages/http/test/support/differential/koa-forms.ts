import { Readable } from 'node:stream'
import type { Context } from 'koa'
import type { Ask } from './exchange.js'
import type { Form } from './forms.js'

const ANSWERS: Readonly<Record<string, (ctx: Context) => unknown>> = {
  'a text': (ctx) => {
    ctx.body = 'text'
  },
  'an object': (ctx) => {
    ctx.body = { a: 1 }
  },
  'a stream': (ctx) => {
    ctx.body = Readable.from(['te', 'xt'])
  },
  'no body': (ctx) => {
    ctx.body = null
  },
  'nothing found': () => {},
  'headers and cookies': (ctx) => {
    ctx.set({ 'X-Set': 'a' })
    ctx.append('X-Append', ['a', 'b'])
    ctx.cookies.set('a', '1')
    ctx.cookies.set('b', '2')
    ctx.body = 'text'
  },
  'our own header': (ctx) => {
    ctx.set('X-Request-Id', 'mine')
    ctx.body = 'text'
  },
  'a redirect': (ctx) => ctx.redirect('/other'),
  'an error of a client': (ctx) => ctx.throw(422, 'refused'),
  'an error with headers': (ctx) => ctx.throw(422, 'refused', { headers: { 'X-Error': 'a' } }),
  'an error': () => {
    throw new RangeError('failed')
  },
  'an error after headers': (ctx) => {
    ctx.set('X-Set', 'a')
    ctx.status = 201
    throw new RangeError('failed')
  },
  'an error after our own header': (ctx) => {
    ctx.set('X-Request-Id', 'mine')
    throw new RangeError('failed')
  },
  'the raw response': (ctx) => {
    ctx.respond = false
    ctx.res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end('text')
  },
}

const ASKS: Readonly<Record<string, Ask>> = {
  GET: {},
  HEAD: { method: 'HEAD' },
  POST: { method: 'POST', body: 'body' },
}

/** Forms that only Koa has: it removes all headers before it answers an error. */
export const koaForms: readonly Form[] = Object.entries(ANSWERS).flatMap(([name, answer]) =>
  Object.entries(ASKS).map(([how, ask]) => ({
    name: `${name}, ${how}`,
    ask,
    isFrameworks: true,
    run: ({ koa }) => (koa === undefined ? undefined : answer(koa)),
  })),
)
