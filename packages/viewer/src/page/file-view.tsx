import type { Span } from '@trace/core/spans'
import { listTraces } from '@trace/core/store'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { ListedTrace } from './frame/api.js'
import { place } from './frame/location.js'
import { TraceRow } from './list/trace-row.js'
import { TraceView } from './trace/trace-view.js'

/** As many traces of a file are listed: the newest. */
const MOST_LISTED = 1_000

export interface FileViewProps {
  readonly spans: readonly Span[]
  /** What may be missing. */
  readonly notice: string | undefined
}

/** What a file holds, without a server: its one trace, or a list of its traces, and the one that is chosen. */
export function FileView({ spans, notice }: FileViewProps): JSX.Element {
  const byTrace = useMemo(() => groupsOf(spans), [spans])
  const { trace = '' } = place.value
  const chosen = byTrace.size <= 1 ? spans : byTrace.get(trace)
  if (chosen !== undefined) return <TraceView key={trace} spans={chosen} hasStore={false} notice={notice} />
  return <FileList spans={spans} count={byTrace.size} notice={notice} />
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

function FileList({ spans, count, notice }: FileViewProps & { readonly count: number }): JSX.Element {
  const traces = useMemo(
    () =>
      listTraces(spans, { limit: MOST_LISTED }).map(
        ({ traceId, ...others }): ListedTrace => ({ ...others, traceId: String(traceId) }),
      ),
    [spans],
  )
  return (
    <main class="list">
      <p class="facts">
        {count} traces{count > traces.length ? `, of which the newest ${traces.length} are listed` : ''}
      </p>
      {notice !== undefined && <p class="notice">Spans may be missing: {notice}</p>}
      <div class="table">
        <table>
          <thead>
            <tr>
              {['Time', 'Duration', 'Service', 'Name', 'Spans', 'Failed', 'Open'].map((heading) => (
                <th key={heading} scope="col">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {traces.map((trace) => (
              <TraceRow key={trace.traceId} trace={trace} />
            ))}
          </tbody>
        </table>
      </div>
    </main>
  )
}
