import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ListedTrace } from '../frame/api.js'
import { serviceName } from '../frame/colors.js'
import { clockTime } from '../frame/format.js'
import { go, place, set } from '../frame/location.js'
import { SearchBox } from '../frame/search-box.js'
import {
  type COLUMNS,
  keepLoaded,
  listing,
  loading,
  notLive,
  PAGE,
  paused,
  problem,
  RANGES,
  reload,
  resume,
  sorted,
  waiting,
} from './listing.js'
import { Scatter } from './scatter.js'
import { TraceRow } from './trace-row.js'

/** Recent traces: a search, a scatter of durations over time, a table. */
export function ListView(): JSX.Element {
  useEffect(keepLoaded, [])
  const traces = sorted.value
  return (
    <main class="list" aria-busy={loading.value}>
      <Controls />
      <Notices />
      {traces.length === 0 ? (
        <Nothing />
      ) : (
        <>
          <Scatter traces={traces} />
          <div class="columns">
            <Counts traces={traces} />
            <TraceTable traces={traces} />
          </div>
        </>
      )}
    </main>
  )
}

function Controls(): JSX.Element {
  const { q = '', range = '', from, to } = place.value
  const traces = listing.value?.traces ?? []
  return (
    <div class="controls">
      <SearchBox
        label="Search traces"
        value={q}
        problem={problem.value?.at === undefined ? undefined : problem.value}
        known={{
          services: [...new Set(traces.map(({ process }) => serviceName(process)))],
          kinds: [...new Set(traces.map(({ kind }) => kind))],
          names: [...new Set(traces.map(({ name }) => name))],
        }}
        onSearch={(text) => set({ q: text, limit: undefined })}
      />
      <label class="field">
        Time
        <select
          value={from === undefined ? range : 'chosen'}
          onChange={({ currentTarget }) => {
            if (currentTarget.value !== 'chosen') set({ range: currentTarget.value, from: undefined, to: undefined })
          }}
        >
          <option value="">all</option>
          {Object.keys(RANGES).map((name) => (
            <option key={name} value={name}>
              last {name}
            </option>
          ))}
          {from !== undefined && (
            <option value="chosen">
              {clockTime(BigInt(from) * 1_000_000n)} to {to === undefined ? 'now' : clockTime(BigInt(to) * 1_000_000n)}
            </option>
          )}
        </select>
      </label>
      <LiveButton />
    </div>
  )
}

function LiveButton(): JSX.Element {
  const why = notLive.value
  if (why !== undefined) {
    return (
      <button type="button" onClick={reload} title={why}>
        Reload
      </button>
    )
  }
  const held = waiting.value.length
  return paused.value ? (
    <button type="button" class="live" onClick={resume}>
      ▶ Resume{held > 0 ? ` (${held} new)` : ''}
    </button>
  ) : (
    <button
      type="button"
      class="live on"
      onClick={() => set({ live: 'off' })}
      title="New traces appear as they end. Click to pause."
    >
      ● Live
    </button>
  )
}

function Notices(): JSX.Element {
  const { skipped = 0, places = [], incomplete } = listing.value ?? {}
  const failure = problem.value
  return (
    <div role="status">
      {failure !== undefined && failure.at === undefined && <p class="notice bad">{failure.message}</p>}
      {incomplete !== undefined && <p class="notice">Traces may be missing: {incomplete}</p>}
      {skipped > 0 && (
        <details class="notice">
          <summary>{skipped === 1 ? '1 record is' : `${skipped} records are`} not a whole span, and not shown</summary>
          <ul>
            {places.map(({ at, reason }) => (
              <li key={at}>
                {at}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

function Nothing(): JSX.Element {
  const { q, from, to, range } = place.value
  if (listing.value === undefined)
    return problem.value === undefined ? <p class="empty">Reading …</p> : <p class="empty" />
  const searched = [q, from, to, range].some((each) => each !== undefined)
  return (
    <div class="empty">
      {searched ? (
        <>
          <h2>No trace matches.</h2>
          <p>Take a word out of the search, or choose a longer time.</p>
          <button type="button" onClick={() => go({})}>
            Show all traces
          </button>
        </>
      ) : (
        <>
          <h2>There are no traces in {listing.value.store} yet.</h2>
          <p>Send a traced service a request. Its trace appears here as it ends.</p>
        </>
      )}
    </div>
  )
}

const HEADINGS: Readonly<Record<keyof typeof COLUMNS, string>> = {
  start: 'Time',
  duration: 'Duration',
  service: 'Service',
  name: 'Name',
  spans: 'Spans',
  failed: 'Failed',
  open: 'Open',
}

function TraceTable({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  const { sort = '-start', limit = String(PAGE) } = place.value
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            {Object.entries(HEADINGS).map(([column, heading]) => (
              <th
                key={column}
                aria-sort={sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none'}
                class={column}
              >
                <button type="button" onClick={() => set({ sort: sort === `-${column}` ? column : `-${column}` })}>
                  {heading}
                  <span aria-hidden="true">{sort === column ? ' ↑' : sort === `-${column}` ? ' ↓' : ''}</span>
                </button>
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
      {listing.value?.more === true && (
        <button type="button" class="more" onClick={() => set({ limit: String(Number(limit) + PAGE) })}>
          More
        </button>
      )}
    </div>
  )
}

/** How many of the traces listed began in each service, and have each name; a click searches for those. */
function Counts({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  return (
    <aside class="counts">
      <CountList title="Services" field="service" values={traces.map(({ process }) => serviceName(process))} />
      <CountList title="Names" field="name" values={traces.map(({ name }) => name)} />
    </aside>
  )
}

/** The most frequent ones. */
const MOST_COUNTS = 12

function CountList({
  title,
  field,
  values,
}: {
  readonly title: string
  readonly field: string
  readonly values: readonly string[]
}): JSX.Element {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_COUNTS)
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {most.map(([value, count]) => (
          <li key={value}>
            <button
              type="button"
              onClick={() => set({ q: `${field}:"${value.replaceAll(/["\\]/g, '\\$&')}"` })}
              title={`Search for ${value}`}
            >
              <span class="value">{value === '' ? '(none)' : value}</span> <span class="count">{count}</span>
            </button>
          </li>
        ))}
      </ul>
      {counts.size > most.length && <p class="faint">and {counts.size - most.length} more</p>}
    </section>
  )
}
