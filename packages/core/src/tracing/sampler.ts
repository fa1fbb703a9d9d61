import type { Sampler } from '../contract/tracer.js'
import { describe, TraceError } from '../values/errors.js'

/**
 * Records a part of all traces. It decides by the trace id, so that services with the same ratio agree on every trace. The rule is
 * that of OpenTelemetry's consistent probability sampling: the rightmost 56 bits of the id are the random number
 * (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag).
 *
 * @param part from 0 (no trace) to 1 (every trace)
 * @throws {TraceError} `TRACE_BAD_OPTION` if it is not a number from 0 to 1
 */
export function ratio(part: number): Sampler {
  if (typeof part !== 'number' || !(part >= 0 && part <= 1)) {
    throw new TraceError('TRACE_BAD_OPTION', `ratio: expected a number from 0 to 1, got ${describe(part)}`)
  }
  const threshold = BigInt(Math.round((1 - part) * 2 ** 56))
  return (_kind, _name, traceId) => BigInt.asUintN(56, traceId) >= threshold
}
