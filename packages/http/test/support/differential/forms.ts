import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Response as ExpressResponse } from 'express'
import type { FastifyReply } from 'fastify'
import type { Context } from 'koa'
import { isLong } from '../long.js'
import { basicBodies, moreBodies } from './bodies.js'
import type { Ask } from './exchange.js'
import { heads } from './heads.js'

/** How a handler answers in the words of its framework. What `reply` returns is what the handler is to return. */
export interface Web {
  set(name: string, value: string): void
  reply(body: string | object | Readable, status?: number): unknown
  /** Throws the framework's own error for 422. */
  refuse(): never
}

/** What a form gets from the server's handler. */
export interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly express?: { readonly res: ExpressResponse; readonly next: (error?: unknown) => void }
  readonly reply?: FastifyReply
  readonly koa?: Context
  readonly web?: Web
}

/** A request, and what the handler does with it. */
export interface Form {
  readonly name: string
  readonly ask: Ask
  /** The program prevents that the response carries an id. Default false. */
  readonly isWithoutId?: boolean
  /** The framework gets what `run` returns or throws. Default false. */
  readonly isFrameworks?: boolean
  run(call: Call): unknown
}

const ASKS: Readonly<Record<string, Ask>> = {
  HEAD: { method: 'HEAD' },
  'HTTP/1.0': { version: '1.0', isLast: true },
  'HTTP/1.0 that is kept alive': { version: '1.0', headers: ['Connection: keep-alive'] },
  'a request to close': { headers: ['Connection: close'], isLast: true },
  POST: { method: 'POST', body: 'some body' },
  'a body that is expected': { method: 'POST', body: 'some body', headers: ['Expect: 100-continue'] },
  DELETE: { method: 'DELETE' },
  OPTIONS: { method: 'OPTIONS' },
}

/** Heads that are combined with every body, and with every way to ask. */
const SOME_HEADS = [
  'nothing',
  'headers that are set',
  'writeHead with an object',
  'writeHead with pairs with a name twice',
  'a header set, and writeHead with a flat list',
  'writeHead with our own name in capitals',
  'our own header set',
  'writeHead with the status 204',
  'writeHead with the status 304',
  'writeHead with a trailer',
  'writeEarlyHints',
]

function form(ask: string, head: string, body: string): Form {
  const write = heads.get(head)
  const send = basicBodies[body] ?? moreBodies[body]
  if (write === undefined || send === undefined) throw new Error(`there is no ${head}, or no ${body}`)
  return {
    name: [ask, head, body].filter((part) => part !== '').join(', '),
    ask: ASKS[ask] ?? {},
    isWithoutId: /our own .* without values/.test(head),
    run: ({ res }) => {
      write(res)
      return send(res)
    },
  }
}

/** Of a list two for each of something else, in turns; all of it where tests may take long. */
function someOf<T>(list: readonly T[], turn: number, some = 2): readonly T[] {
  return isLong ? list : Array.from({ length: some }, (_, at) => list[(turn + at) % list.length] as T)
}

const basic = Object.keys(basicBodies)
const everyHead = [...heads.keys()].flatMap((head, at) => someOf(basic, 2 * at).map((body) => form('', head, body)))
const everyBody = Object.keys(moreBodies).flatMap((body, at) =>
  someOf(SOME_HEADS, 3 * at, 3).map((head) => form('', head, body)),
)
const everyAsk = SOME_HEADS.flatMap((head, turn) =>
  Object.keys(ASKS).flatMap((ask, at) => someOf(basic, turn + at, 1).map((body) => form(ask, head, body))),
)

/**
 * Every head with the basic bodies, two of the four in turns; every body with three of some heads; and every way to ask with each of those
 * and a basic body. `TRACE_TEST_LONG=1` combines them all.
 */
export const allForms: readonly Form[] = [...everyHead, ...everyBody, ...everyAsk]

/** Every head, every body and every way to ask once, for frameworks whose responses all take the same path. */
export const someForms: readonly Form[] = [
  ...[...heads.keys()].map((head) => form('', head, 'two parts')),
  ...Object.keys(moreBodies).map((body) => form('', 'a header set, and writeHead with a flat list', body)),
  ...Object.keys(ASKS).map((ask) => form(ask, 'writeHead with pairs with a name twice', 'a text')),
]

/** Of these every second head, beginning with the first or the second: of two servers each takes the other half. */
export function halfOf(forms: readonly Form[], first: 0 | 1): readonly Form[] {
  return forms.filter((_, at) => isLong || at >= heads.size || at % 2 === first)
}
