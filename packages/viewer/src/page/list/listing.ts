import type { StoredValues } from '@trace/analysis'
import { MOST_LISTED, PAGE } from '../../wire/list-query.js'
import { type ListedTrace, type Listing, type ListSource, Problem, storeName } from '../frame/api.js'
import { place, set } from '../frame/location.js'
import { Signal } from '../frame/signal.js'

/** As many traces that arrived are kept while the list is paused. */
const MOST_WAITING = 1_000

export const listing = new Signal<Listing | undefined>(undefined)
export const problem = new Signal<Problem | undefined>(undefined)
export const loading = new Signal(false)
/** Why nothing arrives by itself; undefined while it does. */
export const notLive = new Signal<string | undefined>('')
export const waiting = new Signal<readonly ListedTrace[]>([])
/** What a search may name; undefined until somebody is about to search. */
export const values = new Signal<StoredValues | undefined>(undefined)

export function isPaused(): boolean {
  return place.value['live'] === 'off'
}

export const COLUMNS = {
  start: (trace: ListedTrace) => trace.start,
  duration: (trace: ListedTrace) => trace.duration ?? -1n,
  service: (trace: ListedTrace) => trace.process,
  name: (trace: ListedTrace) => trace.name,
  spans: (trace: ListedTrace) => trace.spans,
  failed: (trace: ListedTrace) => trace.failed,
  open: (trace: ListedTrace) => trace.open,
}

/** The traces in the order that the URL asks for. @param sort a column, with a minus in front for the other way around */
export function sorted(traces: readonly ListedTrace[], sort = '-start'): ListedTrace[] {
  const name = sort.replace('-', '')
  const value = Object.hasOwn(COLUMNS, name) ? COLUMNS[name as keyof typeof COLUMNS] : COLUMNS.start
  const sign = sort.startsWith('-') ? -1 : 1
  return traces.toSorted((a, b) => sign * compare(value(a), value(b)))
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

let source: ListSource | undefined
/** The list that is shown: one that was shown before may end when another has begun. */
let shown: unknown
let stopLoading = new AbortController()

/** Loads the list that the URL asks for, and again whenever that changes. @returns what ends it */
export function keepLoaded(from: ListSource): () => void {
  if (source !== from) {
    source = from
    listing.value = problem.value = values.value = undefined
    waiting.value = []
  }
  const own = {}
  shown = own
  const endLoading = atEach(
    () => String(queryOf(place.value)),
    (asked) => load(new URLSearchParams(asked)),
  )
  const live = { traces: arrive, state: (message?: string) => (notLive.value = message), missed: reload }
  const endLive = atEach(
    () => (place.value['to'] === undefined ? (place.value['q'] ?? '') : undefined),
    (search) => {
      const follows = from.follow !== undefined && search !== undefined
      notLive.value = follows ? '' : 'What was chosen can have no new traces.'
      return follows ? from.follow?.(search, live) : undefined
    },
  )
  return () => {
    endLoading()
    endLive()
    if (shown === own) stopLoading.abort()
  }
}

/** Does something now, and again whenever what it does it for changes with the URL. @returns what ends it */
function atEach<Value>(keyOf: () => Value, act: (value: Value) => (() => void) | undefined): () => void {
  let value = keyOf()
  let end = act(value)
  const stop = place.subscribe(() => {
    const next = keyOf()
    if (next === value) return
    value = next
    end?.()
    end = act(value)
  })
  return () => {
    stop()
    end?.()
  }
}

export function reload(): void {
  waiting.value = []
  load(queryOf(place.value))
}

/** Asks once what a search may name. */
export function loadValues(): void {
  if (values.value !== undefined || source === undefined) return
  const from = source
  values.value = { services: [], kinds: [], names: [], hosts: [], keys: [] }
  from.values(new AbortController().signal).then(
    (found) => {
      if (source === from) values.value = found
    },
    // Suggestions are a help: without them one searches as well, and the list itself tells what is wrong.
    () => {
      if (source === from) values.value = undefined
    },
  )
}

/** Shows what has arrived while the list was paused, and goes on. */
export function resume(): void {
  set({ live: undefined })
  reload()
}

/** How many traces the URL asks for. */
export function limitOf(at: typeof place.value): number {
  const limit = Number(at['limit'] ?? PAGE)
  return limit >= 1 && limit <= MOST_LISTED ? limit : limit > MOST_LISTED ? MOST_LISTED : PAGE
}

function queryOf(at: typeof place.value): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limitOf(at)) })
  for (const key of ['q', 'from', 'to', 'range']) {
    const value = at[key]
    if (value !== undefined) query.set(key, value)
  }
  return query
}

/** What was asked for before is not waited for any more. */
function load(query: URLSearchParams): undefined {
  stopLoading.abort()
  stopLoading = new AbortController()
  const { signal: stopped } = stopLoading
  loading.value = true
  source?.list(query, stopped).then(
    (loaded) => {
      if (stopped.aborted) return
      listing.value = loaded
      storeName.value = loaded.store
      problem.value = undefined
      loading.value = false
    },
    (error: unknown) => {
      if (stopped.aborted) return
      problem.value = error instanceof Problem ? error : new Problem(String(error))
      loading.value = false
    },
  )
}

function arrive(traces: readonly ListedTrace[]): void {
  if (isPaused()) {
    waiting.value = merge(waiting.value, traces).slice(0, MOST_WAITING)
    return
  }
  const before = listing.value
  if (before === undefined) return
  const all = merge(before.traces, traces)
  const limit = limitOf(place.value)
  listing.value = { ...before, traces: all.slice(0, limit), more: before.more || all.length > limit }
}

/** Of a trace that began before the page did, only what came since is known: what the list said of it stays, but grows. */
function merge(before: readonly ListedTrace[], arrived: readonly ListedTrace[]): ListedTrace[] {
  const byId = new Map(before.map((trace) => [trace.traceId, trace]))
  for (const trace of arrived) {
    const known = byId.get(trace.traceId)
    if (known === undefined || (known.spans <= trace.spans && trace.start <= known.start))
      byId.set(trace.traceId, trace)
  }
  return [...byId.values()].sort((a, b) => compare(b.start, a.start))
}
