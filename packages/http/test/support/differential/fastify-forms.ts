import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Ask } from './exchange.js'
import type { Form } from './forms.js'

type Send = (reply: FastifyReply) => unknown

const REPLIES: Readonly<Record<string, Send>> = {
  'a text': async () => 'text',
  'an object': async () => ({ a: 1 }),
  bytes: async () => Buffer.from('text'),
  'a stream': async () => Readable.from(['te', 'xt']),
  'a stream that breaks': async () =>
    new Readable({
      read() {
        this.destroy(new RangeError('broken'))
      },
    }),
  'a web stream': async (reply) => reply.send(new Response('text').body),
  'a web response': async () =>
    new Response('text', {
      status: 201,
      headers: [
        ['X-Web', 'a'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    }),
  'nothing sent': (reply) => reply.send(),
  null: async () => null,
  'a status and headers': (reply) =>
    reply.code(201).header('X-Set', 'a').headers({ 'X-More': 'b', 'x-more': 'c' }).send('text'),
  cookies: (reply) => reply.header('Set-Cookie', 'a=1').header('set-cookie', 'b=2').send('text'),
  'no content': (reply) => reply.code(204).send(),
  'not modified': (reply) => reply.code(304).send(),
  'a redirect': (reply) => reply.redirect('/other'),
  'our own header': (reply) => reply.header('x-request-id', 'mine').send('text'),
  'our own header in capitals': (reply) => reply.header('X-REQUEST-ID', 'mine').send('text'),
  'our own header taken off': (reply) => reply.removeHeader('x-request-id').send('text'),
  'a header taken off': (reply) => reply.header('x-set', 'a').removeHeader('x-set').send('text'),
  'headers of the raw response': (reply) => {
    reply.raw.setHeader('X-Raw', 'a')
    return reply.header('x-set', 'b').send('text')
  },
  trailers: (reply) => reply.trailer('x-trailer', async () => 'a').send('text'),
  'early hints': async (reply) => {
    reply.raw.writeEarlyHints({ link: '</a.css>; rel=preload' })
    return 'text'
  },
  'an error': async () => {
    throw new RangeError('failed')
  },
  'an error with a status': async () => {
    throw Object.assign(new RangeError('failed'), { statusCode: 422 })
  },
  'an error with headers': async () => {
    throw Object.assign(new RangeError('failed'), { statusCode: 422, headers: { 'x-error': 'a' } })
  },
  'an error after headers': async (reply) => {
    reply.header('x-set', 'a').code(201)
    throw new RangeError('failed')
  },
  'an error sent': (reply) => reply.send(new RangeError('failed')),
  'nothing found': (reply) => reply.callNotFound(),
  'a bad payload': (reply) => reply.type('text/plain').send({ a: 1 }),
  'a bad status': (reply) => reply.code(99).send('text'),
  'the raw response, taken': (reply) => {
    reply.hijack()
    reply.raw.writeHead(200, [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ] as never)
    reply.raw.end('text')
  },
  'the raw response, taken after headers': (reply) => {
    reply.header('x-set', 'a').hijack()
    reply.raw.end('text')
  },
  'the raw response, used': async (reply) => {
    reply.raw.end('text')
    return reply
  },
}

const ASKS: Readonly<Record<string, Ask>> = {
  GET: {},
  HEAD: { method: 'HEAD' },
  'HTTP/1.0': { version: '1.0', isLast: true },
  POST: { method: 'POST', body: '{"a":1}', headers: ['Content-Type: application/json'] },
  'a bad body': { method: 'POST', body: '{"a":', headers: ['Content-Type: application/json'] },
  'an unknown type': { method: 'POST', body: 'text', headers: ['Content-Type: text/unknown'] },
}

/** Forms that only Fastify has. */
export const fastifyForms: readonly Form[] = Object.entries(REPLIES).flatMap(([name, send]) =>
  Object.entries(ASKS).map(([how, ask]) => ({
    name: `${name}, ${how}`,
    ask,
    isFrameworks: true,
    run: ({ reply }) => (reply === undefined ? undefined : send(reply)),
  })),
)
