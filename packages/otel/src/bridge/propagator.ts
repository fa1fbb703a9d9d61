import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'
import type { Tracer } from '@trace/core'
import { w3c } from '@trace/http'
import { BridgedSpan } from './bridged-span.js'
import { isSuppressed } from './contexts.js'
import { originOf, remoteContextOf } from './span-context.js'

const W3C = w3c()
const BAGGAGE = 'baggage'

/** What OpenTelemetry's propagator takes of a baggage, in characters and members; W3C asks for no less than the first and 64. */
const MOST_CHARACTERS = 8_192
const MOST_MEMBERS = 180
const LONGEST_MEMBER = 4_096

/** The headers of W3C: `traceparent`, `tracestate` and `baggage` (https://www.w3.org/TR/baggage/). */
export class Propagator implements TextMapPropagator {
  readonly #tracer: Tracer

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      if (isSuppressed(context)) return
      const set = (name: string, value: string): void => setter.set(carrier, name, value)
      const span = trace.getSpan(context)
      if (span instanceof BridgedSpan) W3C.inject(span.span, set)
      else if (span !== undefined) injectForeign(span.spanContext(), set)
      const members = membersOf(propagation.getBaggage(context))
      if (members !== '') set(BAGGAGE, members)
    } catch (error) {
      this.#tracer.warn('opentelemetry inject', `a trace is not carried on: ${error}`)
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      const get = (name: string): string | undefined => {
        const value: unknown = getter.get(carrier, name)
        if (Array.isArray(value)) return name === 'traceparent' ? textOf(value[0]) : value.join(',')
        return textOf(value)
      }
      const found = W3C.extract(get)
      const withSpan = found === undefined ? context : trace.setSpanContext(context, remoteContextOf(found))
      const entries = entriesOf(get(BAGGAGE) ?? '')
      if (Object.keys(entries).length === 0) return withSpan
      return propagation.setBaggage(withSpan, propagation.createBaggage(entries))
    } catch (error) {
      this.#tracer.warn('opentelemetry extract', `a caller's trace is not joined: ${error}`)
      return context
    }
  }

  fields(): string[] {
    return [...W3C.headers, BAGGAGE]
  }
}

function injectForeign(context: Parameters<typeof originOf>[0], set: (name: string, value: string) => void): void {
  const origin = originOf(context)
  if (origin !== undefined) W3C.inject({ ...origin, spanId: origin.parentId }, set)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A baggage as its header; what is beyond the limits, or cannot be written, is left out. */
function membersOf(baggage: Baggage | undefined): string {
  let text = ''
  for (const [key, entry] of baggage?.getAllEntries().slice(0, MOST_MEMBERS) ?? []) {
    const member = memberOf(key, entry)
    if (member === undefined || member.length > LONGEST_MEMBER) continue
    const longer = text === '' ? member : `${text},${member}`
    if (longer.length <= MOST_CHARACTERS) text = longer
  }
  return text
}

function memberOf(key: string, { value, metadata }: BaggageEntry): string | undefined {
  try {
    const properties = metadata === undefined ? '' : `;${metadata.toString()}`
    // A carrier that is no header may have brought what no header can hold.
    return `${encodeURIComponent(key)}=${encodeURIComponent(value)}${/^[\t\x20-\x7e]*$/.test(properties) ? properties : ''}`
  } catch {
    return undefined
  }
}

/** Reads the header; what is beyond the limits, or malformed, is left out. */
function entriesOf(header: string): Record<string, BaggageEntry> {
  const entries: Record<string, BaggageEntry> = Object.create(null)
  let [count, characters] = [0, 0]
  for (let start = 0; start < header.length && count < MOST_MEMBERS; ) {
    const comma = header.indexOf(',', start)
    const end = comma < 0 ? header.length : comma
    const entry = end - start <= LONGEST_MEMBER ? entryOf(header.slice(start, end)) : undefined
    if (entry !== undefined) {
      characters += end - start + (count === 0 ? 0 : 1)
      if (characters > MOST_CHARACTERS) break
      entries[entry.key] = entry.entry
      count++
    }
    start = end + 1
  }
  return entries
}

function entryOf(member: string): { readonly key: string; readonly entry: BaggageEntry } | undefined {
  const semicolon = member.indexOf(';')
  const pair = semicolon < 0 ? member : member.slice(0, semicolon)
  const equals = pair.indexOf('=')
  if (equals < 1) return undefined
  try {
    const key = decodeURIComponent(pair.slice(0, equals).trim())
    const value = decodeURIComponent(pair.slice(equals + 1).trim())
    if (key === '' || value === '') return undefined
    const properties = semicolon < 0 ? '' : member.slice(semicolon + 1)
    return {
      key,
      entry: properties === '' ? { value } : { value, metadata: baggageEntryMetadataFromString(properties) },
    }
  } catch {
    return undefined
  }
}
