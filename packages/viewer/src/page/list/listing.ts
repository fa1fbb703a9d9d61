import { computed, effect, signal } from '@preact/signals'
import { followTraces, type ListedTrace, type Listing, loadList, Problem } from '../frame/api.js'
import { place, set } from '../frame/location.js'

/** How many traces more each "more" shows. */
export const PAGE = 100
/** As many traces that arrived are kept while the list is paused. */
const MOST_WAITING = 1_000

/** Time ranges, as the URL names them, in ms; '' is all time. */
export const RANGES: Readonly<Record<string, number>> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
}

export const listing = signal<Listing | undefined>(undefined)
export const problem = signal<Problem | undefined>(undefined)
export const loading = signal(false)
/** Why nothing arrives by itself; undefined while it does. */
export const notLive = signal<string | undefined>('')
export const waiting = signal<readonly ListedTrace[]>([])

export const paused = computed(() => place.value['live'] === 'off')

/** The traces in the order that the URL asks for. */
export const sorted = computed(() => {
  const { sort = '-start' } = place.value
  const column = sort.replace('-', '') as keyof typeof COLUMNS
  const value = COLUMNS[column] ?? COLUMNS.start
  const sign = sort.startsWith('-') ? -1 : 1
  return [...(listing.value?.traces ?? [])].sort((a, b) => sign * compare(value(a), value(b)))
})

export const COLUMNS = {
  start: (trace: ListedTrace) => trace.start,
  duration: (trace: ListedTrace) => trace.duration ?? -1n,
  service: (trace: ListedTrace) => trace.process,
  name: (trace: ListedTrace) => trace.name,
  spans: (trace: ListedTrace) => trace.spans,
  failed: (trace: ListedTrace) => trace.failed,
  open: (trace: ListedTrace) => trace.open,
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Loads the list that the URL asks for, and again whenever that changes. @returns what ends it */
export function keepLoaded(): () => void {
  let stop = new AbortController()
  const asked = computed(() => queryOf(place.value).toString())
  const endLoading = effect(() => {
    stop.abort()
    stop = new AbortController()
    void load(new URLSearchParams(asked.value), stop.signal)
  })
  const endLive = followTraces({ traces: arrive, state: (message) => (notLive.value = message) })
  return () => {
    stop.abort()
    endLoading()
    endLive()
  }
}

export function reload(): void {
  waiting.value = []
  void load(queryOf(place.peek()), new AbortController().signal)
}

/** Shows what has arrived while the list was paused, and goes on. */
export function resume(): void {
  set({ live: undefined })
  reload()
}

function queryOf(at: typeof place.value): URLSearchParams {
  const query = new URLSearchParams({ limit: at['limit'] ?? String(PAGE) })
  for (const key of ['q', 'from', 'to', 'range']) {
    const value = at[key]
    if (value !== undefined) query.set(key, value)
  }
  return query
}

async function load(query: URLSearchParams, signal: AbortSignal): Promise<void> {
  loading.value = true
  try {
    const loaded = await loadList(query, signal)
    if (signal.aborted) return
    listing.value = loaded
    problem.value = undefined
  } catch (error) {
    if (signal.aborted) return
    problem.value = error instanceof Problem ? error : new Problem(String(error))
  }
  loading.value = false
}

/** What arrives is shown as it is where nothing is searched for; else the list is asked for again, where the search is known. */
function arrive(traces: readonly ListedTrace[]): void {
  const { q, to } = place.peek()
  if (to !== undefined) return
  if (paused.peek()) {
    waiting.value = merge(waiting.peek(), traces).slice(0, MOST_WAITING)
  } else if (q !== undefined) {
    void load(queryOf(place.peek()), new AbortController().signal)
  } else {
    const before = listing.peek()
    if (before === undefined) return
    const limit = Number(place.peek()['limit'] ?? PAGE)
    listing.value = { ...before, traces: merge(before.traces, traces).slice(0, limit) }
  }
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
