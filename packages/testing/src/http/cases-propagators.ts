import { equal, notEqual } from 'node:assert/strict'
import { DATA_KEYS, type Span, w3cTraceId } from '@trace/core'
import { assertSeen, hexIds, parseSeen, type Seen } from './seen.js'
import type { Formats, HttpAbilities } from './server.js'
import { type Add, requestSpans, type Setup } from './stand.js'

type Lines = readonly (readonly [name: string, value: string])[]

/** The headers that the called service gets; undefined means that it gets no such header. */
type Expected = Readonly<Record<string, (trace: string, span: string) => string | undefined>>

interface Hop {
  readonly formats: readonly (keyof Formats<unknown>)[]
  readonly headers: Lines
  /** The caller's trace, which is continued; undefined if a new trace begins. */
  readonly traceId: bigint | undefined
  /** The caller's span. Default 43n. */
  readonly parentId?: bigint
  /** The ids came by `X-Request-Id`, so the parent is a span of this system. */
  readonly isOurs?: boolean
  /** The caller has decided not to record the trace, and it is not recorded. */
  readonly isUnsampled?: boolean
  /** The upper half of the caller's trace id. Default 0n. */
  readonly upper?: bigint
  readonly passes: Expected
}

const UPPER = 0xfedcba9876543210n
const [TRACE, PARENT] = ['000000000000002a', '000000000000002b']
const WHOLE = w3cTraceId(42n, UPPER)
const NONE = '0'.repeat(16)

const w3cOf = (upper: string, flags: string) => (trace: string, span: string) => `00-${upper}${trace}-${span}-${flags}`
const b3Of = (upper: string, sampled: string) => (trace: string, span: string) => `${upper}${trace}-${span}-${sampled}`
const nothing = (): undefined => undefined

const W3C: Readonly<Record<string, Hop>> = {
  'the whole trace id and its tracestate go on': {
    formats: ['w3c'],
    headers: [
      ['TraceParent', `00-${WHOLE}-${PARENT}-01`],
      ['tracestate', 'a=1'],
      ['Tracestate', 'b=2'],
      ['X-Request-Id', '7:8'],
    ],
    traceId: 42n,
    upper: UPPER,
    passes: {
      traceparent: w3cOf(WHOLE.slice(0, 16), '01'),
      tracestate: () => 'a=1,b=2',
      'x-request-id': () => '7:8',
    },
  },
  'the random flag goes on': {
    formats: ['w3c'],
    headers: [['traceparent', `00-${NONE}${TRACE}-${PARENT}-03`]],
    traceId: 42n,
    passes: { traceparent: w3cOf(NONE, '03'), tracestate: nothing },
  },
  'a trace that is not recorded goes on as such': {
    formats: ['w3c'],
    headers: [
      ['traceparent', `00-${WHOLE}-${PARENT}-00`],
      ['tracestate', 'a=1'],
    ],
    traceId: 42n,
    upper: UPPER,
    isUnsampled: true,
    passes: { traceparent: w3cOf(WHOLE.slice(0, 16), '00'), tracestate: () => 'a=1' },
  },
  'what is malformed begins a new trace, without its tracestate': {
    formats: ['w3c'],
    headers: [
      ['traceparent', `00-${WHOLE}-${PARENT}-01-more`],
      ['tracestate', 'a=1'],
    ],
    traceId: undefined,
    passes: { traceparent: w3cOf(NONE, '01'), tracestate: nothing },
  },
  'an id whose lower half is zero begins a new trace': {
    formats: ['w3c'],
    headers: [
      ['traceparent', `00-${WHOLE.slice(0, 16)}${NONE}-${PARENT}-01`],
      ['tracestate', 'a=1'],
    ],
    traceId: undefined,
    passes: { traceparent: w3cOf(NONE, '01'), tracestate: nothing },
  },
}

const B3: Readonly<Record<string, Hop>> = {
  'the single header, with an upper half': {
    formats: ['b3'],
    headers: [['B3', `${WHOLE}-${PARENT}-1`]],
    traceId: 42n,
    upper: UPPER,
    passes: { b3: b3Of(WHOLE.slice(0, 16), '1'), 'x-b3-traceid': nothing },
  },
  'the single header of a trace that is not recorded': {
    formats: ['b3'],
    headers: [['b3', `${TRACE}-${PARENT}-0`]],
    traceId: 42n,
    isUnsampled: true,
    passes: { b3: b3Of('', '0') },
  },
  'the decision alone': {
    formats: ['b3'],
    headers: [['b3', '0']],
    traceId: undefined,
    isUnsampled: true,
    passes: { b3: b3Of('', '0') },
  },
  'several headers, read and written': {
    formats: ['b3Multi'],
    headers: [
      ['X-B3-TraceId', WHOLE],
      ['X-B3-SpanId', PARENT],
      ['X-B3-ParentSpanId', '0000000000000001'],
      ['X-B3-Sampled', '1'],
    ],
    traceId: 42n,
    upper: UPPER,
    passes: {
      'x-b3-traceid': (trace) => `${WHOLE.slice(0, 16)}${trace}`,
      'x-b3-spanid': (_trace, span) => span,
      'x-b3-sampled': () => '1',
      'x-b3-parentspanid': nothing,
      b3: nothing,
    },
  },
}

const ALL = ['w3c', 'requestId', 'b3', 'b3Multi'] as const
const B3_OF_7: Lines[number] = ['b3', '0000000000000007-0000000000000008-1']

const LISTS: Readonly<Record<string, Hop>> = {
  'the first of the list that is there counts': {
    formats: ALL,
    headers: [B3_OF_7, ['X-Request-Id', '5:6'], ['traceparent', `00-${WHOLE}-${PARENT}-01`]],
    traceId: 42n,
    upper: UPPER,
    passes: { traceparent: w3cOf(WHOLE.slice(0, 16), '01'), b3: b3Of(WHOLE.slice(0, 16), '1') },
  },
  'the next one where the first is malformed': {
    formats: ALL,
    headers: [B3_OF_7, ['X-Request-Id', '5:6'], ['traceparent', '00-zz']],
    isOurs: true,
    traceId: 5n,
    parentId: 6n,
    passes: { traceparent: w3cOf(NONE, '01'), b3: b3Of('', '1'), 'x-b3-sampled': () => '1' },
  },
  'the last one where it is alone': {
    formats: ALL,
    headers: [B3_OF_7],
    traceId: 7n,
    parentId: 8n,
    passes: { traceparent: w3cOf(NONE, '01'), 'x-b3-spanid': (_trace, span) => span },
  },
  'what is not in the list is left alone': {
    formats: ['requestId'],
    headers: [
      ['X-Request-Id', '42:43'],
      ['traceparent', `00-${WHOLE}-${PARENT}-01`],
      ['tracestate', 'a=1'],
    ],
    isOurs: true,
    traceId: 42n,
    passes: { traceparent: () => `00-${WHOLE}-${PARENT}-01`, tracestate: () => 'a=1', b3: nothing },
  },
}

/** Formats of ids: which trace is continued, and which headers are passed on. */
export function addPropagatorCases(add: Add, suite: HttpAbilities): void {
  const groups = { w3c: W3C, b3: B3, 'several formats': LISTS }
  for (const [group, hops] of Object.entries(groups)) {
    for (const [name, hop] of Object.entries(hops)) addHop(add, suite, `${group}: ${name}`, hop)
  }
}

function addHop(add: Add, suite: HttpAbilities, name: string, hop: Hop): void {
  const setup: Setup = { formats: hop.formats, options: { honorReqHeader: true } }
  add(name, setup, async (stand) => {
    const { status, headers, body } = await stand.client.ask({ path: '/own', headers: hop.headers })
    equal(status, 200)
    const seen = parseSeen(body)
    equal(headers['x-request-id'], seen.traceId)
    if (hop.traceId === undefined) notEqual(seen.traceId, '42')
    else equal(seen.traceId, String(hop.traceId))
    const [span, ...more] = await requestSpans(stand)
    equal(more.length, 0)
    equal(span === undefined, hop.isUnsampled === true, 'the decision whether the trace is recorded was not passed on')
    if (span !== undefined) checkSpan(span, hop, suite)
    checkPassed(seen, hop.passes, suite)
  })
}

function checkSpan(span: Span, hop: Hop, suite: HttpAbilities): void {
  const { traceId, parentId = 43n, upper = 0n, isOurs = false } = hop
  equal(span.parentId, traceId === undefined ? 0n : parentId)
  if (suite.conventions === false) return
  equal(span.data['request.id'], undefined)
  equal(span.data[DATA_KEYS.remoteParent], traceId === undefined || isOurs ? undefined : true)
  equal(span.data[DATA_KEYS.w3cTraceId], traceId === undefined || upper === 0n ? undefined : w3cTraceId(traceId, upper))
}

function checkPassed(seen: Seen, passes: Expected, suite: HttpAbilities): void {
  const [trace, span] = hexIds(seen)
  for (const [header, value] of Object.entries(passes)) assertSeen(seen, header, value(trace, span), suite)
}
