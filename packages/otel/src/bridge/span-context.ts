import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import { type ActiveSpan, type StartOptions, w3cTraceId } from '@trace/core'

/** `TraceFlags` of the API knows but the first (https://www.w3.org/TR/trace-context-2/#trace-flags). */
const SAMPLED = 1
const RANDOM = 2

const LOWER_64 = 0xffff_ffff_ffff_ffffn

/** Which span is meant, and what travels with it. */
type Ids = Pick<ActiveSpan, 'traceId' | 'spanId' | 'sampled' | 'remote'>

/** A span's ids as the API has them: the whole 128-bit id of the trace, its state, and whether it is recorded. */
export function spanContextOf({ traceId, spanId, sampled, remote }: Ids): SpanContext {
  const context: SpanContext = {
    traceId: w3cTraceId(traceId, remote?.upperTraceId ?? 0n),
    spanId: spanId.toString(16).padStart(16, '0'),
    traceFlags: sampled ? SAMPLED : 0,
  }
  if (remote !== undefined && remote.traceState !== '') context.traceState = createTraceState(remote.traceState)
  return context
}

/** The context of a span of another process. @param origin what a propagator has read */
export function remoteContextOf({ traceId = 0n, parentId = 0n, sampled = true, remote }: StartOptions): SpanContext {
  const context = spanContextOf({ traceId, spanId: parentId, sampled, remote })
  if (remote?.isRandom === true) context.traceFlags |= RANDOM
  return { ...context, isRemote: true }
}

/** What a span starts with whose parent is not of this process, or of another tracer. */
export type Origin = Required<Pick<StartOptions, 'traceId' | 'parentId' | 'sampled' | 'remote'>>

/**
 * The origin of a span below another one.
 *
 * @returns undefined where the ids are none, or the lower half of the trace's is 0: such a trace cannot be kept here
 */
export function originOf(context: SpanContext): Origin | undefined {
  if (!isSpanContextValid(context)) return undefined
  const whole = BigInt(`0x${context.traceId}`)
  const traceId = whole & LOWER_64
  if (traceId === 0n) return undefined
  const upperTraceId = whole >> 64n
  const traceState = context.traceState?.serialize() ?? ''
  const isRandom = (context.traceFlags & RANDOM) !== 0
  const isForeign = context.isRemote === true || upperTraceId !== 0n || traceState !== ''
  return {
    traceId,
    parentId: BigInt(`0x${context.spanId}`),
    sampled: (context.traceFlags & SAMPLED) !== 0,
    remote: isForeign ? { upperTraceId, traceState, isRandom } : undefined,
  }
}
