import type { Span } from '@trace/core'

/** A span to test with: everything that a test does not care about has a value that shows where it came from. */
export function aSpan(parts: Partial<Span> = {}): Span {
  const start = parts.start ?? 1_445_346_855_123_456_789n
  return {
    spanId: 1001n,
    traceId: 42n,
    parentId: 0n,
    process: 'users:4711@host-1',
    kind: 'request',
    name: 'GET /',
    start,
    finish: start + 1_500_000_000n,
    data: {},
    ...parts,
  }
}
