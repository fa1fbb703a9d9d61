import { deepStrictEqual, equal, ok } from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { DATA_KEYS, isFailed, type Span } from '@trace/core'
import type { HttpAbilities, SuiteHandler, SuiteResponse } from './server.js'
import { type Add, isAnswered, onlySpan, type Setup } from './stand.js'

/** Every way in which a request can end: it has one span, which ends once and has failed or not. */
export function addEndingCases(add: Add, suite: HttpAbilities): void {
  addAnswers(add, suite)
  addThrown(add, suite)
  addAborts(add, suite)
  addStream(add, suite)
}

interface Answer {
  readonly method?: string
  readonly status: number
  readonly parts: readonly string[]
  /** How the parts are sent. Default: one part by `end`, several parts one after the other. */
  readonly send?: (res: SuiteResponse, parts: readonly string[]) => void
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  'a body': { status: 200, parts: ['text'] },
  'a body in parts': { status: 200, parts: ['some', ' ', 'text'] },
  'a body from a stream': {
    status: 200,
    parts: ['some', 'text'],
    send: (res, parts) => Readable.from(parts).pipe(res),
  },
  'an empty body': { status: 200, parts: [] },
  HEAD: { method: 'HEAD', status: 200, parts: [] },
  DELETE: { method: 'DELETE', status: 200, parts: ['gone'] },
  'no content': { status: 204, parts: [] },
  'not modified': { status: 304, parts: [] },
  'a client error': { status: 404, parts: ['not here'] },
  'a server error': { status: 500, parts: ['no'] },
  'a server error of another status': { status: 503, parts: ['not now'] },
  'a response that is ended twice': { status: 200, parts: ['text'], send: endTwice },
}

function endTwice(res: SuiteResponse, parts: readonly string[]): void {
  res.end(parts.join(''))
  res.end()
}

function sendParts(res: SuiteResponse, parts: readonly string[]): void {
  for (const part of parts.slice(0, -1)) res.write(part)
  res.end(parts.at(-1) ?? '')
}

function addAnswers(add: Add, suite: HttpAbilities): void {
  for (const [name, { method = 'GET', status, parts, send = sendParts }] of Object.entries(ANSWERS)) {
    const handle: Setup['handle'] = () => (_req, res) => {
      res.writeHead(status)
      send(res, parts)
    }
    add(`${name} ends one span`, { handle }, async (stand) => {
      const reply = await stand.client.ask({ path: '/any', method })
      equal(reply.status, status)
      equal(reply.body, parts.join(''))
      const span = await onlySpan(stand)
      equal(reply.headers['x-request-id'], String(span.traceId))
      checkCompleted(span, suite, status)
      if (suite.conventions !== false) equal(typeof span.data[FIRST_BYTE] === 'number', parts.length > 1)
    })
  }
  add('responses of one connection end a span each', {}, async (stand) => {
    for (let time = 1; time <= 3; time++) {
      await stand.client.ask({ path: '/any' })
      equal((await stand.spans()).length, time)
    }
  })
}

/** A complete response: it is a failure only if the server failed. */
function checkCompleted(span: Span, { conventions = true }: HttpAbilities, status: number): void {
  equal(isFailed(span), status >= 500, `a response of status ${status} ${status >= 500 ? 'did not fail' : 'failed'}`)
  if (!conventions) return
  equal(span.data[STATUS], status)
  equal(span.data[REASON], undefined)
  if (status < 500) return
  // The type is that of the error if the framework tells it.
  const { [DATA_KEYS.errorType]: type, [DATA_KEYS.errorMessage]: message } = span.data
  ok([String(status), 'TypeError'].includes(String(type)), `the type of the failure is ${type}`)
  if (type === String(status)) equal(message, STATUS_CODES[status])
}

const { httpStatus: STATUS, httpEndReason: REASON, httpTimeToFirstByte: FIRST_BYTE } = DATA_KEYS

function addThrown(add: Add, suite: HttpAbilities): void {
  if (suite.answersThrown === false) return
  add('what a handler throws is answered by 500, and fails', {}, async (stand) => {
    const reply = await stand.client.ask({ path: '/throw' })
    equal(reply.status, 500)
    const span = await onlySpan(stand)
    equal(reply.headers['x-request-id'], String(span.traceId))
    checkCompleted(span, suite, 500)
  })
  add('after a failure the connection serves on', {}, async (stand) => {
    await stand.client.ask({ path: '/throw' })
    equal((await stand.client.ask({ path: '/own' })).status, 200)
    const spans = await stand.spans()
    equal(spans.length, 2)
    equal(spans.filter(isFailed).length, 1)
    equal(new Set(spans.map(({ traceId }) => traceId)).size, 2)
  })
}

/** What handlers do that never answer. */
const UNFINISHED: Readonly<Record<string, SuiteHandler>> = {
  'before the response': () => {},
  'amid the response': (_req, res) => {
    res.writeHead(200)
    res.write('text')
  },
}

function addAborts(add: Add, suite: HttpAbilities): void {
  for (const [when, unfinished] of Object.entries(UNFINISHED)) {
    for (const way of ['leave', 'destroy'] as const) {
      const whole = way === 'leave' ? 'a client that goes' : 'a connection that closes'
      const handle: Setup['handle'] = (stand) => (req, res) => {
        unfinished(req, res)
        setTimeout(() => stand.client[way](), 20)
      }
      add(`${whole} ${when} ends the span, not failed`, { handle }, async (stand) => {
        equal(await isAnswered(stand), false)
        checkAborted(await onlySpan(stand), suite, when === 'amid the response' ? 200 : undefined)
      })
    }
  }
  let arrived = 0
  const handle: Setup['handle'] = (stand) => () => {
    if (++arrived === 3) setTimeout(() => stand.client.destroy(), 5)
  }
  add('a connection that closes ends the spans of all its requests', { handle }, async (stand) => {
    arrived = 0
    await Promise.all([isAnswered(stand), isAnswered(stand), isAnswered(stand)])
    const spans = await stand.spans()
    equal(spans.length, 3)
    for (const span of spans) checkAborted(span, suite, undefined)
  })
}

function checkAborted(span: Span, { conventions = true }: HttpAbilities, status: number | undefined): void {
  equal(isFailed(span), false, 'the span failed although the client left by itself')
  if (!conventions) return
  equal(span.data[REASON], 'aborted')
  equal(span.data[STATUS], status)
}

function addStream(add: Add, suite: HttpAbilities): void {
  const during: number[] = []
  const handle: Setup['handle'] = (stand) => async (_req, res) => {
    for (const part of ['a', 'b', 'c']) {
      res.write(part)
      await sleep(5)
      during.push(stand.finishes(), stand.tracer.stats().open)
    }
    res.end('d')
  }
  add('the span of a stream is open until its end', { handle }, async (stand) => {
    during.splice(0)
    equal((await stand.client.ask({ path: '/any' })).body, 'abcd')
    const span = await onlySpan(stand)
    checkCompleted(span, suite, 200)
    deepStrictEqual(during, [0, 1, 0, 1, 0, 1])
    ok((span.finish ?? 0n) - span.start >= 10_000_000n, 'the span is shorter than its stream')
  })
}
