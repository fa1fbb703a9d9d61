import type { Span } from '@trace/core'

/** A span with the given fields; the others are small and plain. */
export function makeSpan(fields: Partial<Span> = {}): Span {
  return {
    spanId: 2n,
    traceId: 1n,
    parentId: 0n,
    process: 'users:1@host',
    kind: 'request',
    name: 'GET /',
    start: 1_448_000_000_123_456_789n,
    finish: 1_448_000_000_223_456_789n,
    data: {},
    ...fields,
  }
}
