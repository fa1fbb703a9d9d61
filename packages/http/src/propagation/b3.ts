import { type TraceOptions, w3cTraceId } from '@trace/core'
import { hexIds, hexOf } from './hex.js'
import type { GetHeader, Propagator } from './propagator.js'

/** Options of {@link b3}. */
export interface B3Options {
  /** Whether ids are written as several `X-B3-` headers instead of the single `b3`. Both are read. Default false. */
  readonly multi?: boolean
}

const SINGLE = 'b3'
const MULTI = ['X-B3-TraceId', 'X-B3-SpanId', 'X-B3-Sampled'] as const
const ALL_HEADERS = [SINGLE, ...MULTI, 'X-B3-ParentSpanId', 'X-B3-Flags']

const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/
const SPAN_ID = /^[0-9a-f]{16}$/

/**
 * B3, as Zipkin and its kin send it: the header `b3`, or several `X-B3-` headers
 * (https://github.com/openzipkin/b3-propagation).
 */
export function b3(options: B3Options = {}): Propagator {
  const { multi = false } = options
  return {
    headers: ALL_HEADERS,
    extract: (get) => extractSingle(get) ?? extractMulti(get),
    inject: ({ traceId, spanId, sampled, remote }, set) => {
      const upper = remote?.upperTraceId ?? 0n
      const values = [upper === 0n ? hexOf(traceId) : w3cTraceId(traceId, upper), hexOf(spanId), sampled ? '1' : '0']
      if (!multi) set(SINGLE, values.join('-'))
      else for (const [i, name] of MULTI.entries()) set(name, values[i] ?? '')
    },
  }
}

function extractSingle(get: GetHeader): TraceOptions | undefined {
  const value = get(SINGLE)
  if (value === undefined || value.length > 100) return undefined
  if (value === '0') return { sampled: false }
  const [traceId = '', spanId = '', decision, parent, ...rest] = value.split('-')
  if (rest.length > 0 || (parent !== undefined && !SPAN_ID.test(parent))) return undefined
  return options(traceId, spanId, decision)
}

function extractMulti(get: GetHeader): TraceOptions | undefined {
  const decision = get('x-b3-flags') === '1' ? 'd' : get('x-b3-sampled')
  const traceId = get('x-b3-traceid')
  if (traceId === undefined) return isRefusal(decision) ? { sampled: false } : undefined
  return options(traceId, get('x-b3-spanid') ?? '', decision)
}

/** @param decision `0` or `1`; `d` for debug; of old also `true` and `false` */
function options(traceId: string, spanId: string, decision: string | undefined): TraceOptions | undefined {
  if (decision !== undefined && !/^(?:[01d]|true|false)$/.test(decision)) return undefined
  const ids = TRACE_ID.test(traceId) && SPAN_ID.test(spanId) ? hexIds(traceId, spanId) : undefined
  if (ids === undefined) return undefined
  const remote = { upperTraceId: ids.upperTraceId, traceState: '', isRandom: false }
  return { traceId: ids.traceId, parentId: ids.parentId, sampled: !isRefusal(decision), remote }
}

function isRefusal(decision: string | undefined): boolean {
  return decision === '0' || decision === 'false'
}
