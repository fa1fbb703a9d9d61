import { Readable } from 'node:stream'
import type { Ask } from './exchange.js'
import type { Form, Web } from './forms.js'

const ANSWERS: Readonly<Record<string, (web: Web) => unknown>> = {
  'a text': (web) => web.reply('text'),
  'a text later': async (web) => {
    await new Promise(setImmediate)
    return web.reply('text')
  },
  'an object': (web) => web.reply({ a: 1 }),
  'a stream': (web) => web.reply(Readable.from(['te', 'xt'])),
  'a status': (web) => web.reply('text', 201),
  'a 5xx without an error': (web) => web.reply('text', 503),
  headers: (web) => {
    web.set('X-Set', 'a')
    return web.reply('text')
  },
  'our own header': (web) => {
    web.set('X-Request-Id', 'mine')
    return web.reply('text')
  },
  'an error of a client': (web) => web.refuse(),
  'an error': () => {
    throw new RangeError('failed')
  },
  'an error later': async () => {
    await new Promise(setImmediate)
    throw new RangeError('failed')
  },
  'an error after headers': (web) => {
    web.set('X-Set', 'a')
    throw new RangeError('failed')
  },
  'an error after our own header': (web) => {
    web.set('X-Request-Id', 'mine')
    throw new RangeError('failed')
  },
  'what is no error': () => {
    throw 'failed'
  },
}

const ASKS: Readonly<Record<string, Ask>> = {
  GET: {},
  HEAD: { method: 'HEAD' },
  POST: { method: 'POST', body: 'body' },
}

/** Forms for frameworks whose handlers return their answer. */
export const webForms: readonly Form[] = Object.entries(ANSWERS).flatMap(([name, answer]) =>
  Object.entries(ASKS).map(([how, ask]) => ({
    name: `${name}, ${how}`,
    ask,
    isFrameworks: true,
    run: ({ web }) => (web === undefined ? undefined : answer(web)),
  })),
)
