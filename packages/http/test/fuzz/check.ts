import { type Span, w3cTraceId } from '@trace/core'
import type { SuiteRequest } from '@trace/testing'
import type { Answer } from './clients.js'
import { type FormatName, type HeaderSet, MARKER } from './headers.js'
import { judge, type Verdict } from './oracle.js'

const FAMILIES: Readonly<Record<FormatName, readonly string[]>> = {
  requestId: ['x-request-id'],
  w3c: ['traceparent', 'tracestate'],
  b3: ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-parentspanid', 'x-b3-flags'],
  get all() {
    return [...this.requestId, ...this.w3c, ...this.b3]
  },
}

/** What is known when all requests have been answered. */
export interface Outcome {
  readonly format: FormatName
  /** The headers of the response to a request without any headers. */
  readonly plainHead: string
  /** The request headers that handlers saw, by span id. */
  readonly sightings: ReadonlyMap<string, SuiteRequest['headers']>
  readonly spans: ReadonlyMap<string, Span>
}

/** The headers of a response, without the values that differ between two responses. */
export function masked(head: string): string {
  return head
    .replace(/^x-request-id: [1-9]\d{0,19}$/m, 'x-request-id')
    .replace(/^date: [\w ,:]{29}$/im, 'date')
    .replace(/^content-length: \d+$/m, 'content-length')
    .replace(/^etag: w\/"[0-9a-f]+-[\w+/=-]{27}"$/im, 'etag')
}

/** What is wrong with the response to a request that a server may refuse. */
export function wrongOfRefused({ status, head, body }: Answer): string | undefined {
  if (status !== undefined && ![200, 400, 431].includes(status)) return `status ${status}`
  const isEchoed = `${head}${body}`.toLowerCase().includes(MARKER.toLowerCase())
  return isEchoed ? 'the answer has bytes of the headers' : undefined
}

/** What is wrong with the response to a well-formed request, or with its span. */
export function wrongOf(set: HeaderSet, answer: Answer | undefined, outcome: Outcome): string | undefined {
  if (answer?.status !== 200) return `status ${answer?.status}`
  if (masked(answer.head) !== outcome.plainHead) return `the head ${JSON.stringify(answer.head)}`
  const [traceId = '', spanId = '', ...more] = answer.body.split(':')
  if (!isCanonicalId(traceId) || !isCanonicalId(spanId) || more.length > 0) return `the body ${answer.body}`
  if (!answer.head.includes(`x-request-id: ${traceId}`)) return "the response header is not the handler's trace id"
  const verdict = judge(set, outcome.format)
  const ids = { traceId: BigInt(traceId), spanId: BigInt(spanId) }
  return (
    wrongTrace(ids.traceId, verdict) ??
    wrongSighting(ids, verdict, outcome) ??
    wrongSpan(outcome.spans.get(spanId), ids.traceId, verdict)
  )
}

function isCanonicalId(text: string): boolean {
  return /^[1-9]\d{0,19}$/.test(text) && BigInt(text) < 1n << 64n
}

const isJoined = ({ caller, isTrusted }: Verdict): boolean => isTrusted && caller !== undefined
const isSampled = ({ isTrusted, isRefused }: Verdict): boolean => !(isTrusted && isRefused)

function wrongTrace(traceId: bigint, verdict: Verdict): string | undefined {
  const isCallers = traceId === verdict.caller?.traceId
  if (isCallers === isJoined(verdict)) return undefined
  return isCallers ? `the trace ${traceId} is forged` : `the trace ${verdict.caller?.traceId} is not continued`
}

interface OwnIds {
  readonly traceId: bigint
  readonly spanId: bigint
}

function wrongSighting(ids: OwnIds, verdict: Verdict, { format, sightings }: Outcome): string | undefined {
  const seen = sightings.get(String(ids.spanId))
  if (seen === undefined) return 'no handler ran in this span'
  const expected = written(ids, verdict)
  for (const name of FAMILIES[format]) {
    const value = seen[name]
    const isRight = name === 'tracestate' ? isPassedOn(value, verdict) : value === expected[name]
    if (!isRight) return `the header ${name}: ${value}, not ${expected[name]}`
  }
  return undefined
}

const hexOf = (id: bigint): string => id.toString(16).padStart(16, '0')

/** The headers that the handler must see, except the tracestate. */
function written({ traceId, spanId }: OwnIds, verdict: Verdict): Readonly<Record<string, string>> {
  const { upper, isRandom } = (isJoined(verdict) ? verdict.caller : undefined) ?? { upper: 0n, isRandom: false }
  const sampled = isSampled(verdict) ? 1 : 0
  const b3Trace = upper === 0n ? hexOf(traceId) : w3cTraceId(traceId, upper)
  return {
    'x-request-id': `${traceId}:${spanId}`,
    traceparent: `00-${w3cTraceId(traceId, upper)}-${hexOf(spanId)}-0${sampled + (isRandom ? 2 : 0)}`,
    b3: `${b3Trace}-${hexOf(spanId)}-${sampled}`,
    'x-b3-traceid': b3Trace,
    'x-b3-spanid': hexOf(spanId),
    'x-b3-sampled': String(sampled),
  }
}

/** Whether all members came in with trusted ids, and the limits are kept. */
function isPassedOn(tracestate: unknown, verdict: Verdict): boolean {
  if (typeof tracestate !== 'string') return tracestate === undefined
  const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')
  const sent = new Set(verdict.state?.split(',').map(trimmed))
  const isSent = tracestate.split(',').every((member) => sent.has(member) && /^[a-z0-9][^=]*=[ -~]+$/.test(member))
  return isSent && isJoined(verdict) && tracestate.length <= 512
}

function wrongSpan(span: Span | undefined, traceId: bigint, verdict: Verdict): string | undefined {
  const { caller, isTrusted, foreign } = verdict
  if (span === undefined) return isSampled(verdict) ? 'there is no span' : undefined
  if (!isSampled(verdict)) return 'there is a span of a trace that is not to be recorded'
  if (span.traceId !== traceId) return `the span's trace is ${span.traceId}`
  if (span.parentId !== (isJoined(verdict) ? caller?.parentId : 0n)) return `the span's parent is ${span.parentId}`
  const untrusted = caller === undefined || isTrusted ? undefined : `${caller.traceId}:${caller.parentId}`
  if (span.data['untrusted.parent'] !== untrusted) return `untrusted.parent ${span.data['untrusted.parent']}`
  if (span.data['request.id'] !== foreign) return `request.id ${span.data['request.id']}`
  return undefined
}
