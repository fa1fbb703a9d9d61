import type { Span } from '@trace/core/spans'
import type { TraceTree } from './node.js'

/** How far the clock of a host is from that of the host where the trace began, as its calls show. */
export interface ClockSkew {
  readonly host: string
  /** The host where the trace began. */
  readonly reference: string
  /** In ns: above 0 where the clock is ahead. An estimate: at least so far that no call begins before its caller does. */
  readonly offset: number
  /** By how many calls between hosts it is known. */
  readonly calls: number
}

/** Clocks of one host differ by as much between processes: a tracer sets its own anew from there on (core's `clock.ts`). */
const LEAST_SKEW = 2_000_000

/** The host of a process: what is behind the last `@`. A process without one is taken for a host of its own. */
export function hostOf(process: string): string {
  return process.slice(process.lastIndexOf('@') + 1)
}

/** What calls say of one clock from another's. */
interface Bounds {
  /** The difference is at most this, since nothing begins before it is called. */
  most: number
  /** And at least this, if the caller waited for the end. */
  least: number
  calls: number
}

/**
 * Finds clocks that differ between the hosts of a trace: where a span begins before its parent on another host, or ends after it
 * though it took less time. Differences of up to 2 ms are not told.
 */
export function clockSkews(tree: TraceTree): ClockSkew[] {
  const first = tree.roots[0]
  if (first === undefined) return []
  const bounds = boundsOf(tree)
  const reference = hostOf(first.span.process)
  const offsets = new Map<string, { readonly offset: number; readonly calls: number }>([
    [reference, { offset: 0, calls: 0 }],
  ])
  const waiting = [reference]
  for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
    const from = offsets.get(host)?.offset ?? 0
    for (const [other, { offset, calls }] of neighboursOf(host, bounds)) {
      if (offsets.has(other)) continue
      offsets.set(other, { offset: from + offset, calls })
      waiting.push(other)
    }
  }
  const skews = [...offsets].map(([host, { offset, calls }]) => ({
    host,
    reference,
    offset: Math.round(offset),
    calls,
  }))
  return skews.filter(({ offset }) => Math.abs(offset) > LEAST_SKEW)
}

function boundsOf({ nodes, open }: TraceTree): Map<string, Map<string, Bounds>> {
  const bounds = new Map<string, Map<string, Bounds>>()
  // A text cut out anew for each span would have to be hashed for each.
  const hosts = new Map<string, string>()
  const hostOnce = (process: string): string => {
    const host = hosts.get(process) ?? hostOf(process)
    hosts.set(process, host)
    return host
  }
  for (const node of nodes) {
    const { parent } = node
    if (parent === undefined) continue
    const [caller, called] = [parent.span.process, node.span.process]
    if (caller === called) continue
    const [from, to] = [hostOnce(caller), hostOnce(called)]
    if (from === to) continue
    const ofCaller = bounds.get(from) ?? new Map<string, Bounds>()
    bounds.set(from, ofCaller)
    const pair = ofCaller.get(to) ?? { most: Infinity, least: -Infinity, calls: 0 }
    ofCaller.set(to, pair)
    pair.calls++
    pair.most = Math.min(pair.most, node.start - parent.start)
    const haveEnded = open === 0 || (node.span.finish !== undefined && parent.span.finish !== undefined)
    if (haveEnded && node.duration <= parent.duration) pair.least = Math.max(pair.least, node.end - parent.end)
  }
  return bounds
}

function* neighboursOf(
  host: string,
  bounds: ReadonlyMap<string, ReadonlyMap<string, Bounds>>,
): Generator<[string, { offset: number; calls: number }]> {
  for (const [to, pair] of bounds.get(host) ?? []) yield [to, { offset: offsetOf(pair), calls: pair.calls }]
  for (const [from, callees] of bounds) {
    const pair = callees.get(host)
    if (pair !== undefined) yield [from, { offset: -offsetOf(pair), calls: pair.calls }]
  }
}

function offsetOf({ most, least }: Bounds): number {
  // A call that was not waited for may end at any time: then only what begins too early shows a difference.
  if (least > most) return most < -LEAST_SKEW ? most : 0
  if (most >= -LEAST_SKEW && least <= LEAST_SKEW) return 0
  return least === -Infinity ? most : (most + least) / 2
}

/**
 * The spans with the times that they would have by the clock of the host where the trace began. What `events` has stays as it is.
 *
 * @param moved makes a span whose times are earlier by so many ns: for spans that are no plain objects. Default: copies it
 */
export function withoutSkew(
  spans: Iterable<Span>,
  skews: readonly ClockSkew[],
  moved: (span: Span, by: bigint) => Span = movedCopy,
): Span[] {
  const offsets = new Map(skews.map(({ host, offset }) => [host, BigInt(offset)]))
  return Array.from(spans, (span) => {
    const offset = offsets.get(hostOf(span.process))
    return offset === undefined ? span : moved(span, offset)
  })
}

function movedCopy(span: Span, by: bigint): Span {
  return { ...span, start: span.start - by, finish: span.finish === undefined ? undefined : span.finish - by }
}
