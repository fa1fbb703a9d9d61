import { type TraceOptions, w3cTraceId } from '@trace/core'
import { hexIds, hexOf } from './hex.js'
import type { Propagator } from './propagator.js'

/** Flags of a `traceparent`: https://www.w3.org/TR/trace-context-2/#trace-flags */
const SAMPLED = 1
const RANDOM = 2

/** Version, trace id, parent id, flags, and what versions to come may add; around them HTTP's own spaces, and no others. */
const TRACEPARENT = /^[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*$/

/** What is longer is not looked at: version 00 has 55 characters, and later ones have had no need of more than some. */
const LONGEST_TRACEPARENT = 512

/**
 * W3C Trace Context: the headers `traceparent` and `tracestate` (https://www.w3.org/TR/trace-context-2/). Its trace ids have
 * 128 bits: the lower 64 are this trace's id, the upper 64 travel on with it.
 */
export function w3c(): Propagator {
  return {
    headers: ['traceparent', 'tracestate'],
    extract: (get) => parseTraceparent(get('traceparent'), get('tracestate')),
    inject: ({ traceId, spanId, sampled, remote }, set) => {
      const flags = (sampled ? SAMPLED : 0) | (remote?.isRandom === true ? RANDOM : 0)
      set('traceparent', `00-${w3cTraceId(traceId, remote?.upperTraceId ?? 0n)}-${hexOf(spanId)}-0${flags}`)
      if (remote !== undefined && remote.traceState !== '') set('tracestate', remote.traceState)
    },
  }
}

function parseTraceparent(value: string | undefined, state: string | undefined): TraceOptions | undefined {
  if (value === undefined || value.length > LONGEST_TRACEPARENT) return undefined
  const [, version = '', traceId = '', spanId = '', hexFlags = '', rest] = TRACEPARENT.exec(value) ?? []
  if (version === '' || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const ids = hexIds(traceId, spanId)
  if (ids === undefined) return undefined
  const flags = Number.parseInt(hexFlags, 16)
  return {
    traceId: ids.traceId,
    parentId: ids.parentId,
    sampled: (flags & SAMPLED) !== 0,
    remote: {
      upperTraceId: ids.upperTraceId,
      traceState: parseTracestate(state),
      isRandom: (flags & RANDOM) !== 0,
    },
  }
}

/** Limits of https://www.w3.org/TR/trace-context-2/#tracestate-limits and its grammar of keys and values. */
const MOST_MEMBERS = 32
const MOST_CHARACTERS = 512
const LONG_MEMBER = 128
const LONGEST_TRACESTATE = 8_192
const MEMBER = /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** A `tracestate` as it may be passed on: the whole of it is left out where a part is malformed. */
function parseTracestate(value: string | undefined): string {
  if (value === undefined || value.length > LONGEST_TRACESTATE) return ''
  const members = new Map<string, string>()
  for (const part of value.split(',')) {
    const member = withoutBlanks(part)
    if (member === '') continue
    const key = MEMBER.exec(member)?.[1]
    if (key === undefined) return ''
    // Of members with the same key the first, which is the latest written.
    if (!members.has(key)) members.set(key, member)
  }
  if (members.size > MOST_MEMBERS) return ''
  return withinLimit([...members.values()])
}

/** HTTP's own blanks, and no others. By hand, since an expression for those at the end takes time by the square of those within. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Leaves out members until the rest is short enough: long ones first, then from the end, as the recommendation says. */
function withinLimit(members: readonly string[]): string {
  const kept = [...members]
  while (kept.join(',').length > MOST_CHARACTERS) {
    const long = kept.findLastIndex((member) => member.length > LONG_MEMBER)
    kept.splice(long < 0 ? kept.length - 1 : long, 1)
  }
  return kept.join(',')
}
