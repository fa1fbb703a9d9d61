import { computed, effect, signal } from '@preact/signals-core'
import type { StoredValues } from '@trace/analysis'
import { MOST_LISTED, PAGE } from '../../wire/list-query.js'
import { type ListedTrace, type Listing, type ListSource, Problem } from '../frame/api.js'
import { place, set } from '../frame/location.js'

/** As many traces that arrived are kept while the list is paused. */
const MOST_WAITING = 1_000

export const listing = signal<Listing | undefined>(undefined)
export const problem = signal<Problem | undefined>(undefined)
export const loading = signal(false)
/** Why nothing arrives by itself; undefined while it does. */
export const notLive = signal<string | undefined>('')
export const waiting = signal<readonly ListedTrace[]>([])
/** What a search may name; undefined until somebody is about to search. */
export const values = signal<StoredValues | undefined>(undefined)

export const paused = computed(() => place.value['live'] === 'off')

export const COLUMNS = {
  start: (trace: ListedTrace) => trace.start,
  duration: (trace: ListedTrace) => trace.duration ?? -1n,
  service: (trace: ListedTrace) => trace.process,
  name: (trace: ListedTrace) => trace.name,
  spans: (trace: ListedTrace) => trace.spans,
  failed: (trace: ListedTrace) => trace.failed,
  open: (trace: ListedTrace) => trace.open,
}

/** The traces in the order that the URL asks for. */
export const sorted = computed(() => {
  const { sort = '-start' } = place.value
  const name = sort.replace('-', '')
  const value = Object.hasOwn(COLUMNS, name) ? COLUMNS[name as keyof typeof COLUMNS] : COLUMNS.start
  const sign = sort.startsWith('-') ? -1 : 1
  return [...(listing.value?.traces ?? [])].sort((a, b) => sign * compare(value(a), value(b)))
})

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
  const asked = computed(() => queryOf(place.value).toString())
  const search = computed(() => place.value['q'] ?? '')
  const hasEnd = computed(() => place.value['to'] !== undefined)
  const endLoading = effect(() => load(new URLSearchParams(asked.value)))
  const endLive = effect(() => {
    const { follow } = from
    notLive.value = follow === undefined || hasEnd.value ? 'What was chosen can have no new traces.' : ''
    if (follow === undefined || hasEnd.value) return
    return follow(search.value, { traces: arrive, state: (message) => (notLive.value = message), missed: reload })
  })
  return () => {
    endLoading()
    endLive()
    if (shown === own) stopLoading.abort()
  }
}

export function reload(): void {
  waiting.value = []
  load(queryOf(place.peek()))
}

/** Asks once what a search may name. */
export function loadValues(): void {
  if (values.peek() !== undefined || source === undefined) return
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
function load(query: URLSearchParams): void {
  stopLoading.abort()
  stopLoading = new AbortController()
  const { signal: stopped } = stopLoading
  loading.value = true
  source?.list(query, stopped).then(
    (loaded) => {
      if (stopped.aborted) return
      listing.value = loaded
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
  if (paused.peek()) {
    waiting.value = merge(waiting.peek(), traces).slice(0, MOST_WAITING)
    return
  }
  const before = listing.peek()
  if (before === undefined) return
  const all = merge(before.traces, traces)
  const limit = limitOf(place.peek())
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
