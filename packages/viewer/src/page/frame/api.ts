import type { SpanNode, StoredValues } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { readTrace } from '../../wire/read.js'
import { Signal } from './signal.js'

/** A trace in the list, as the server tells it; times in nanoseconds. */
export interface ListedTrace {
  readonly traceId: string
  readonly process: string
  readonly kind: string
  readonly name: string
  readonly start: bigint
  readonly duration: bigint | undefined
  readonly services: readonly string[]
  readonly spans: number
  readonly failed: number
  readonly open: number
  /** How many spans are certainly missing, if any are. */
  readonly lost?: number
}

export interface Listing {
  readonly store: string
  readonly traces: readonly ListedTrace[]
  /** Whether there may be more. */
  readonly more: boolean
  readonly skipped: number
  readonly places: readonly { readonly at: string; readonly reason: string }[]
  readonly incomplete: string | undefined
}

/** Where a list of traces comes from: a server's store, or a file that was dropped on the page. */
export interface ListSource {
  /** @param query see `listQuery` */
  list(query: URLSearchParams, signal: AbortSignal): Promise<Listing>
  /** What it has that a search may name. */
  values(signal: AbortSignal): Promise<StoredValues>
  /** Tells of traces as they arrive; left out where none do. @param search only of those that match @returns what ends it */
  follow?(search: string, live: Live): () => void
}

export const AWAY =
  'The server does not answer. Is it still running? Start it again, and reload the page, or open the address that it prints.'

export const SERVER: ListSource = { list: loadList, values: loadValues, follow: followTraces }

/** The name of what was read last. */
export const storeName = new Signal('')

export interface LoadedTrace {
  readonly spans: readonly Span[]
  /** What the processes of the time say of their own spans: see `missingOf` of `@trace/analysis`. */
  readonly ledgers: readonly Span[]
  readonly skipped: number
  readonly incomplete: string | undefined
}

/** What a server or a file has answered, in words for the reader. */
export class Problem extends Error {
  override readonly name = 'Problem'
  /** Where in a search the mistake is, in characters, if it is one. */
  readonly at: number | undefined

  constructor(message: string, at?: number) {
    super(message)
    this.at = at
  }
}

async function loadList(query: URLSearchParams, signal: AbortSignal): Promise<Listing> {
  const answer = JSON.parse(await textOf(`api/traces?${query}`, signal)) as Answer
  return { ...answer, traces: answer.traces.map(listedTrace) }
}

async function loadValues(signal: AbortSignal): Promise<StoredValues> {
  return JSON.parse(await textOf('api/values', signal)) as StoredValues
}

export async function loadTrace(id: string, signal: AbortSignal): Promise<LoadedTrace> {
  const { head, spans, ledgers } = readTrace(await textOf(`api/trace?id=${encodeURIComponent(id)}`, signal))
  const { skipped, incomplete, store } = head as { skipped?: number; incomplete?: string; store?: string }
  storeName.value = store ?? ''
  return { spans, ledgers, skipped: skipped ?? 0, incomplete }
}

/** What the page was saved with: the spans of a trace, and the ledgers; undefined where a server serves it. */
export function savedSpans(): readonly Span[] | undefined {
  const element = document.getElementById('spans')
  if (element === null) return undefined
  const { spans, ledgers } = readTrace(element.textContent ?? '')
  return ledgers.length === 0 ? spans : [...spans, ...ledgers]
}

/** How long the spans of one name took in a stretch of time, and how many failed; see `server/same-name.ts`. Durations are in ns. */
export interface NameColumn {
  /** In ms since the Unix epoch. */
  readonly from: number
  readonly to: number
  readonly count: number
  readonly failed: number
  readonly median: number
  /** The ids of the one that took longest; undefined where there is none. */
  readonly slowest?: { readonly trace: string; readonly span: string }
  /** How many of them took how long, in equal ranges of a logarithmic scale from `shortest` to `longest`. */
  readonly shape: readonly number[]
}

export interface NameStatistics {
  readonly spans: number
  readonly traces: number
  readonly failed: number
  readonly open: number
  readonly shortest: number
  readonly longest: number
  readonly p50: number
  readonly p99: number
  /** How many took less time than the span that was asked about. */
  readonly shorter: number
  readonly columns: readonly NameColumn[]
  readonly incomplete: string | undefined
}

/** What the store's other traces have under the name of a span. */
export async function loadName({ node, signal }: { node: SpanNode; signal: AbortSignal }): Promise<NameStatistics> {
  const { span, service, duration } = node
  const asked = { service, kind: span.kind, name: span.name, besides: String(span.traceId), than: String(duration) }
  return JSON.parse(await textOf(`api/name?${new URLSearchParams(asked)}`, signal))
}

export interface Live {
  traces(traces: readonly ListedTrace[]): void
  /** @param message why nothing comes any more; undefined where it comes */
  state(message: string | undefined): void
  /** Some may have been missed: the server was away. */
  missed(): void
}

function followTraces(search: string, live: Live): () => void {
  const events = new EventSource(`api/live?${new URLSearchParams({ q: search })}`)
  let wasReady = false
  const read = (event: Event): { message: string; traces: readonly Wire[] } => JSON.parse((event as MessageEvent).data)
  events.addEventListener('ready', () => {
    live.state(undefined)
    if (wasReady) live.missed()
    wasReady = true
  })
  events.addEventListener('traces', (event) => live.traces(read(event).traces.map(listedTrace)))
  for (const name of ['cannot', 'failed']) {
    events.addEventListener(name, (event) => {
      events.close()
      live.state(read(event).message)
    })
  }
  events.addEventListener('error', () => live.state(AWAY))
  return () => events.close()
}

type Wire = Omit<ListedTrace, 'start' | 'duration'> & { start: string; duration?: string }

function listedTrace(trace: Wire): ListedTrace {
  const { start, duration } = trace
  return { ...trace, start: BigInt(start), duration: duration === undefined ? undefined : BigInt(duration) }
}

interface Answer {
  readonly store: string
  readonly traces: readonly Wire[]
  readonly more: boolean
  readonly skipped: number
  readonly places: readonly { readonly at: string; readonly reason: string }[]
  readonly incomplete: string | undefined
}

async function textOf(path: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(path, { signal }).catch((error: unknown) => {
    if (signal.aborted) throw error
    throw new Problem(AWAY)
  })
  if (response.ok) return response.text()
  const answer: { message?: string; at?: number } = await response.json().catch(() => ({}))
  throw new Problem(answer.message ?? `The server answered ${response.status}.`, answer.at)
}
