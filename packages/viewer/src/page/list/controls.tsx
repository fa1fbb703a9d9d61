import type { JSX } from 'preact'
import { RANGES } from '../../wire/list-query.js'
import { clockTime } from '../frame/format.js'
import { place, set } from '../frame/location.js'
import { SearchBox } from '../frame/search-box.js'
import { isPaused, listing, loading, loadValues, notLive, problem, reload, resume, values, waiting } from './listing.js'

/** What chooses traces: a search, a time range, and whether new ones are shown. */
export function Controls(): JSX.Element {
  const { q = '' } = place.value
  const traces = listing.value?.traces ?? []
  const { services = [], kinds = [], names = [], hosts = [], keys = [] } = values.value ?? {}
  return (
    <div class="controls" onFocusIn={loadValues}>
      <SearchBox
        label="Search traces"
        value={q}
        problem={problem.value?.at === undefined ? undefined : problem.value}
        known={{
          services: new Set([...services, ...traces.flatMap((trace) => trace.services)]),
          kinds: new Set([...kinds, ...traces.map(({ kind }) => kind)]),
          names: new Set([...names, ...traces.map(({ name }) => name)]),
          hosts,
          keys,
        }}
        onSearch={(text) => set({ q: text, limit: undefined })}
      />
      <TimeRange />
      <LiveButton />
      {loading.value && listing.value !== undefined && (
        <>
          <progress aria-label="Reading the store" />
          {q !== '' && (
            <button type="button" onClick={() => set({ q: undefined })}>
              Stop
            </button>
          )}
        </>
      )}
    </div>
  )
}

function TimeRange(): JSX.Element {
  const { range = '', from, to } = place.value
  const isChosen = from !== undefined || to !== undefined
  return (
    <label class="field">
      Time
      <select
        value={isChosen ? 'chosen' : range}
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== 'chosen')
            set({ range: currentTarget.value, from: undefined, to: undefined, limit: undefined })
        }}
      >
        <option value="">all</option>
        {Object.keys(RANGES).map((name) => (
          <option key={name} value={name}>
            last {name}
          </option>
        ))}
        {isChosen && (
          <option value="chosen">
            {from === undefined ? 'all' : timeOf(from)} to {to === undefined ? 'now' : timeOf(to)}
          </option>
        )}
      </select>
    </label>
  )
}

/** @param milliseconds of the URL, where anything may stand */
function timeOf(milliseconds: string): string {
  return /^\d{1,15}$/.test(milliseconds) ? clockTime(BigInt(milliseconds) * 1_000_000n) : '?'
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
  return isPaused() ? (
    <button type="button" class="live" onClick={resume}>
      ▶ Resume{held > 0 ? ` (${held} new)` : ''}
    </button>
  ) : (
    <button type="button" class="live on" onClick={pause} title="New traces appear as they end. Click to pause.">
      ● Live
    </button>
  )
}

function pause(): void {
  set({ live: 'off' })
}

/** Stops or goes on showing what arrives. */
export function togglePause(): void {
  if (isPaused()) resume()
  else pause()
}
