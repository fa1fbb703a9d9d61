import { afterEach, describe, expect, test } from '@jest/globals'
import type { ActiveSpan, Tracer } from '@trace/core'
import { httpSuite, type MiddlewareOptions } from '@trace/testing'
import type { Propagator } from '../src/propagation/propagator.js'
import { handlerMutants, type Mutant, type Suite } from './support/mutants-handlers.js'
import { stands } from './support/stands.js'
import { suiteOf } from './support/suites.js'

type Options = MiddlewareOptions<Propagator>

const whole = suiteOf(stands['Node http'])

/** A server whose middleware gets other options, or another tracer, than the suite gives it. */
function given(change: (options: Options) => Options, retrace: (tracer: Tracer) => Tracer = (same) => same): Suite {
  return { ...whole, start: (tracer, options, routes) => whole.start(retrace(tracer), change(options), routes) }
}

const without = (...keys: (keyof Options)[]): Suite =>
  given((options) => Object.fromEntries(Object.entries(options).filter(([key]) => !keys.some((each) => each === key))))

/** Propagators that change each header that they write; undefined leaves the header out. */
function writing(change: (name: string, value: string) => string | undefined): Suite {
  const changed = (propagator: Propagator): Propagator => ({
    ...propagator,
    inject: (span, set) =>
      propagator.inject(span, (name, value) => {
        const written = change(name.toLowerCase(), value)
        if (written !== undefined) set(name, written)
      }),
  })
  return given(({ propagators, ...rest }) =>
    propagators === undefined ? rest : { ...rest, propagators: propagators.map(changed) },
  )
}

/** A tracer whose spans are changed when they start, or when they finish. */
function spans(change: (span: ActiveSpan, finish: () => void) => void): Suite {
  return given(
    (options) => options,
    (tracer) => ({
      ...tracer,
      start: (...args) => {
        const span = tracer.start(...args)
        const finish = span.finish.bind(span)
        span.finish = () => change(span, finish)
        return span
      },
    }),
  )
}

const REASON = 'http.end_reason'
const SIZE = 'http.response.body.size'
const FIRST_BYTE = 'http.time_to_first_byte'

/** All requests that arrive on a connection before the first is answered get the span of the first. */
function oneAtATime(tracer: Tracer): Tracer {
  let under: ActiveSpan | undefined
  return {
    ...tracer,
    start: (...args) => {
      const span = under ?? tracer.start(...args)
      under = span
      const finish = span.finish.bind(span)
      span.finish = () => {
        under = undefined
        finish()
      }
      return span
    },
  }
}

function staying(span: ActiveSpan, finish: () => void): void {
  if (span.data[REASON] !== 'error') finish()
}

/** Records no status, like middleware that trusts a `headersSent` that a framework has replaced. */
function believing(span: ActiveSpan, finish: () => void): void {
  for (const key of ['http.response.status_code', 'error.type', 'error.message']) delete span.data[key]
  finish()
}

function firstByte(milliseconds: number | undefined): Parameters<typeof spans>[0] {
  return (span, finish) => {
    span.data[FIRST_BYTE] = milliseconds
    finish()
  }
}

function resized(change: (size: number) => number | undefined): Parameters<typeof spans>[0] {
  return (span, finish) => {
    const size = span.data[SIZE]
    if (typeof size === 'number') span.data[SIZE] = change(size)
    finish()
  }
}

/** Records a size for every request. */
function sizing(size: number): Suite {
  return spans((span, finish) => {
    span.data[SIZE] ??= size
    finish()
  })
}

/** @param reason recorded for every response that was not sent completely */
function blaming(reason: string): Parameters<typeof spans>[0] {
  return (span, finish) => {
    if (span.data[REASON] !== undefined) span.data[REASON] = reason
    finish()
  }
}

const outgoing = whole.outgoing ?? { trace: () => () => {} }
const calling = (trace: typeof outgoing.trace): Suite => ({ ...whole, outgoing: { ...outgoing, trace } })

const mutants: readonly Mutant[] = [
  ['honours by function nobody', without('honorReqHeader'), 'by an address'],
  ['honours by function everybody', given((o) => ({ ...o, honorReqHeader: true })), 'by another address'],
  [
    'tries formats in another order',
    given(({ propagators, ...rest }) => (propagators ? { ...rest, propagators: propagators.toReversed() } : rest)),
    'the first of the list',
  ],
  [
    'reads one format only',
    given(({ propagators, ...rest }) => (propagators ? { ...rest, propagators: propagators.slice(0, 1) } : rest)),
    'several formats',
  ],
  ['loses the tracestate', writing((name, value) => (name === 'tracestate' ? undefined : value)), 'tracestate go on'],
  [
    'loses the upper half',
    writing((name, value) => (name === 'traceparent' ? value.replace(/-\w{16}/, `-${'0'.repeat(16)}`) : value)),
    'tracestate go on',
  ],
  [
    'loses the random flag',
    writing((name, value) => (name === 'traceparent' ? value.replace(/3$/, '1') : value)),
    'random flag',
  ],
  ['says that all is recorded', writing((name, value) => (name === 'b3' ? value.replace(/0$/, '1') : value)), 'b3:'],
  [
    'writes one header of B3 only',
    writing((name, value) => (name === 'x-b3-sampled' ? undefined : value)),
    'several headers',
  ],
  [
    "leaves an untrusted client's headers there",
    given(({ propagators, ...rest }) => ({ ...rest, ...(propagators ? { propagators: propagators.slice(-1) } : {}) })),
    "an untrusted client's ids of any format",
  ],
  ['has no names of its own', without('name'), 'the kind and the name'],
  ['has no kinds of its own', without('kind'), 'the kind and the name'],
  [
    'takes any answer for a name',
    given(({ name, ...rest }) => (name ? { ...rest, name: (req) => `${name(req)} ` } : rest)),
    'a name function',
  ],
  ['ignores nothing', without('ignore'), 'what is ignored'],
  [
    'ignores what throws',
    given(({ ignore, ...rest }) => ({ ...rest, ignore: (req) => req.url === '/any/throws' || ignore?.(req) === true })),
    'ignores nothing',
  ],
  ['never records the query', without('query'), 'the query is recorded'],
  ['always records the query', given((o) => ({ query: true, ...o })), 'neither the query'],
  ['masks nothing', given((o) => (o.query === undefined ? o : { ...o, query: true })), 'without what is masked'],
  ['records other headers', given((o) => ({ ...o, requestHeaders: ['Cookie'] })), 'neither the query'],
  ['records no response headers', without('responseHeaders'), 'the headers that are listed'],
  ['warns not of two', { ...whole, startTwice: whole.start }, 'registered twice'],
  [
    'records what is not to be recorded',
    given(
      (o) => o,
      (tracer) => ({
        ...tracer,
        start: (kind, name, options) => tracer.start(kind, name, { ...options, sampled: true }),
      }),
    ),
    'a trace that is not recorded goes on as such',
  ],
  ['traces no calls', calling(() => () => {}), 'what a handler calls'],
  ['is never switched off', calling(neverOff()), 'once that is switched off'],
  ['gives ids to everybody', calling((tracer, { kind }) => outgoing.trace(tracer, { kind })), 'no ids gets none'],
  [
    'gives ids to nobody',
    calling((tracer, options) => outgoing.trace(tracer, { ...options, propagateTo: [] })),
    'gets its ids',
  ],
  ['logs no ids', { ...whole, logIds: () => ({}) }, 'log lines'],
  ['logs the same ids always', { ...whole, logIds: () => ({ trace_id: '1', span_id: '1' }) }, 'log lines'],
  ['takes routes for paths', { ...whole, names: { '/any/42': 'GET /any/*' } }, 'is called'],
  ['confuses pipelined requests', given((o) => o, oneAtATime), 'requests sent at once'],
  ['blames the client where a server gives up', spans(blaming('aborted')), 'a server that gives up'],
  ['stays open where a server gives up', { ...spans(staying), patience: 300 }, 'a server that gives up'],
  ['has no time to the first byte', spans(firstByte(undefined)), 'server-sent events'],
  ['has no time to headers sent by themselves', spans(firstByte(undefined)), 'headers that are sent by themselves'],
  ['takes the end for the first byte', spans(firstByte(1e9)), 'headers that are sent by themselves'],
  ['blames the client for all', spans(blaming('aborted')), 'the server itself cuts off'],
  ['blames the client for what is cut off early', spans(blaming('aborted')), 'cuts off before its response'],
  ...handlerMutants(whole),
  ['believes what a framework says of a response', spans(believing), 'what a framework says'],
  ['blames the server for all', spans(blaming('error')), 'a client that goes once'],
  ['forgets the size of responses', spans(resized(() => undefined)), 'the size of no body'],
  ['counts a byte too many', spans(resized((size) => size + 1)), 'the size of a stream'],
  ['counts what is written for HEAD', spans(resized((size) => size || 8)), 'a body that is written for HEAD'],
  ['has a size for what was not sent', sizing(0), 'that was not sent has no size'],
  ['takes the last byte for the first', spans(firstByte(1e9)), 'server-sent events'],
  [
    'drops upgrades',
    {
      ...whole,
      start: (tracer, options, routes) =>
        whole.start(tracer, options, { ...routes, upgrade: (socket) => socket.destroy() }),
    },
    'an upgrade that is accepted',
  ],
]

let off: (() => void) | undefined

afterEach(() => off?.())

/** Tracing cannot be switched off; it ends only when it is switched on again. */
function neverOff(): typeof outgoing.trace {
  return (tracer, options) => {
    off?.()
    off = outgoing.trace(tracer, options)
    return () => {}
  }
}

test('the suite has nothing against the same with nothing changed', async () => {
  const unchanged = spans((_span, finish) => finish())
  for (const { name, run } of httpSuite(unchanged))
    if (mutants.some(([, , seenBy]) => name.includes(seenBy))) await run()
})

describe('the suite of HTTP servers sees one that', () => {
  test.each(mutants)('%s', async (_, suite, seenBy) => {
    const cases = httpSuite(suite).filter(({ name }) => name.includes(seenBy))
    let failed = 0
    for (const { run } of cases) await run().catch(() => failed++)
    expect(failed).toBeGreaterThan(0)
  })
})
