import type { Response } from 'express'
import type { Ask } from './exchange.js'
import type { Form } from './forms.js'

type Send = (res: Response, next: (error?: unknown) => void) => unknown

/** An error with a stack that is the same on every machine, since Express sends it. */
function failure(more: object = {}): Error {
  const error = new RangeError('failed')
  error.stack = 'RangeError: failed'
  return Object.assign(error, more)
}

const SENDS: Readonly<Record<string, Send>> = {
  'send of a text': (res) => res.send('text'),
  'send of an object': (res) => res.send({ a: 1 }),
  'send of bytes': (res) => res.send(Buffer.from('text')),
  'send of nothing': (res) => res.send(),
  json: (res) => res.status(201).json({ a: 1 }),
  jsonp: (res) => res.jsonp({ a: 1 }),
  redirect: (res) => res.redirect('/other'),
  sendStatus: (res) => res.sendStatus(418),
  cookies: (res) => res.cookie('a', '1').cookie('b', '2').send('text'),
  'headers of every kind': (res) =>
    res
      .set({ 'X-Set': 'a' })
      .append('X-Append', ['a', 'b'])
      .vary('Accept')
      .type('txt')
      .links({ next: '/2' })
      .send('text'),
  'our own header': (res) => res.set('X-Request-Id', 'mine').send('text'),
  'our own header taken off': (res) => {
    res.removeHeader('X-Request-Id')
    res.send('text')
  },
  attachment: (res) => res.attachment('é.txt').send('text'),
  format: (res) => res.format({ text: () => res.send('text'), json: () => res.json({}) }),
  'a file': (res, next) =>
    res.sendFile('package.json', { root: process.cwd(), lastModified: false, etag: false }, (error) => {
      if (error) next(error)
    }),
  'a file that is not there': (res, next) => res.sendFile('none.json', { root: process.cwd() }, () => next()),
  'pairs to writeHead': (res) =>
    res
      .writeHead(200, [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as never)
      .end('text'),
  'an error': (_res, next) => next(failure()),
  'an error with a status': (_res, next) => next(failure({ status: 422, headers: { 'X-Error': 'a' } })),
  'an error with a status that is none': (_res, next) => next(failure({ status: 12 })),
  'an error after headers': (res, next) => {
    res.set('X-Set', 'a').status(201)
    next(failure())
  },
  'an error after our own header': (res, next) => {
    res.set('X-Request-Id', 'mine')
    next(failure())
  },
  'an error amid the body': (res, next) => {
    res.write('text')
    setImmediate(() => next(failure()))
  },
  'an error thrown': () => {
    throw failure()
  },
  'nothing found': (_res, next) => next(),
  'nothing found after headers': (res, next) => {
    res.set('X-Set', 'a')
    next()
  },
}

const ASKS: Readonly<Record<string, Ask>> = {
  GET: {},
  HEAD: { method: 'HEAD' },
  'what the client has': { headers: ['If-None-Match: W/"4-7cBwpt6qwuL4j2MmNqpNxjhn+Nk"'] },
  'a client that takes gzip': { headers: ['Accept-Encoding: gzip'] },
}

/** Forms that only Express has. */
export const expressForms: readonly Form[] = Object.entries(SENDS).flatMap(([name, send]) =>
  Object.entries(ASKS).map(([how, ask]) => ({
    name: `${name}, ${how}`,
    ask,
    isFrameworks: true,
    run: ({ express }) => {
      try {
        return express === undefined ? undefined : send(express.res, express.next)
      } catch (error) {
        throw failure({ message: String(error) })
      }
    },
  })),
)
