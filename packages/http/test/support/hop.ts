import { createTracer, memoryRecorder } from '@trace/core'
import { extract, inject } from '../../src/propagation/carrier.js'
import type { Propagator } from '../../src/propagation/propagator.js'

export const tracer = createTracer({ service: 'test', recorder: memoryRecorder() })

/** A caller's ids, as W3C and B3 write them. */
export const TRACE = '12345678901234567890123456789012'
export const PARENT = '1234567890123456'
export const LOWER: bigint = BigInt(`0x${TRACE.slice(16)}`)

/** The headers that are written for a trace that came in by these headers. */
export function hop(propagators: readonly Propagator[], headers: Record<string, string>): Record<string, string> {
  return tracer.trace('work', 'w', () => inject({}, { propagators }), extract(headers, { propagators }))
}
