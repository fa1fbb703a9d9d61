import { SearchError, ValueCollector } from '@trace/analysis'
import { LEDGER_KIND, type Span } from '@trace/core/spans'
import { listTraces } from '@trace/core/store'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { listQuery } from '../wire/list-query.js'
import { CompareView } from './compare/compare-view.js'
import { type ListedTrace, type Listing, type ListSource, Problem } from './frame/api.js'
import { place } from './frame/location.js'
import { ListView } from './list/list-view.js'
import { TraceView } from './trace/trace-view.js'

export interface FileViewProps {
  /** Of the file. */
  readonly name: string
  readonly spans: readonly Span[]
  /** What may be missing. */
  readonly notice: string | undefined
}

/** What a file holds, without a server: its one trace, or a list of its traces, and the one that is chosen. */
export function FileView({ name, spans, notice }: FileViewProps): JSX.Element {
  const { own, ledgers } = useMemo(() => withoutLedgers(spans), [spans])
  const byTrace = useMemo(() => groupsOf(own), [own])
  const source = useMemo(() => sourceOf(name, own), [name, own])
  const { trace = '', compare = '' } = place.value
  const chosen = byTrace.size <= 1 ? own : byTrace.get(trace)
  if (chosen === undefined) return <ListView source={source} notice={notice} />
  const other = byTrace.get(compare)
  if (other !== undefined) return <CompareView first={chosen} second={other} notice={notice} />
  return <TraceView key={trace} spans={chosen} ledgers={ledgers} hasStore={false} notice={notice} />
}

/** What the processes say of their own spans is no trace that one looks for, unless there is nothing else. */
function withoutLedgers(spans: readonly Span[]): { readonly own: readonly Span[]; readonly ledgers: readonly Span[] } {
  const ledgers = spans.filter(({ kind }) => kind === LEDGER_KIND)
  if (ledgers.length === 0 || ledgers.length === spans.length) return { own: spans, ledgers }
  return { own: spans.filter(({ kind }) => kind !== LEDGER_KIND), ledgers }
}

/** The spans of each trace, by its id. */
function groupsOf(spans: readonly Span[]): ReadonlyMap<string, readonly Span[]> {
  const groups = new Map<bigint, Span[]>()
  for (const span of spans) {
    const { traceId } = span
    const group = groups.get(traceId)
    if (group === undefined) groups.set(traceId, [span])
    else group.push(span)
  }
  return new Map([...groups].map(([traceId, group]) => [String(traceId), group]))
}

/** Lists the traces of a file as a server lists those of its store. */
function sourceOf(name: string, spans: readonly Span[]): ListSource {
  return {
    list: async (asked) => listingOf(name, spans, asked),
    values: async () => {
      const values = new ValueCollector()
      for (const span of spans) if (values.add(span)) break
      return values.values()
    },
  }
}

function listingOf(name: string, spans: readonly Span[], asked: URLSearchParams): Listing {
  try {
    const { limit, ...query } = listQuery(asked)
    const found = listTraces(spans, { ...query, limit: limit + 1 })
    const traces = found.slice(0, limit).map((trace): ListedTrace => ({ ...trace, traceId: String(trace.traceId) }))
    return { store: name, traces, more: found.length > limit, skipped: 0, places: [], incomplete: undefined }
  } catch (error) {
    throw error instanceof SearchError ? new Problem(error.message, error.from) : error
  }
}
