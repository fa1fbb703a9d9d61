import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { ListSource } from '../frame/api.js'
import { useKeys } from '../frame/keys.js'
import { place } from '../frame/location.js'
import { Controls, togglePause } from './controls.js'
import { Counts } from './counts.js'
import { keepLoaded, listing, loading, notLive, sorted } from './listing.js'
import { Nothing, Notices } from './notices.js'
import { Scatter } from './scatter.js'
import { showMore, TraceTable } from './trace-table.js'

export interface ListViewProps {
  readonly source: ListSource
  /** What of a file could not be read. */
  readonly notice?: string | undefined
}

/** Traces, the newest first: a search, a scatter of durations over time, counts, a table. */
export function ListView({ source, notice }: ListViewProps): JSX.Element {
  useEffect(() => keepLoaded(source), [source])
  useKeys({
    j: () => focusRow((at) => at + 1),
    ArrowDown: () => focusRow((at) => at + 1),
    k: () => focusRow((at) => at - 1),
    ArrowUp: () => focusRow((at) => at - 1),
    Home: () => focusRow(() => 0),
    End: () => focusRow((_at, last) => last),
    m: showMore,
    p: () => {
      if (notLive.value === undefined) togglePause()
    },
  })
  const [{ sort }, listed] = [place.value, listing.value]
  const traces = useMemo(() => sorted(listed?.traces ?? [], sort), [listed, sort])
  return (
    <main class="list" aria-busy={loading.value}>
      <Controls />
      {notice !== undefined && <p class="notice">Spans may be missing: {notice}</p>}
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

/** Moves the focus to the link of another row, from where it is, or before the first. */
function focusRow(next: (at: number, last: number) => number): void {
  const links = [...document.querySelectorAll<HTMLElement>('.list td.name a')]
  const last = links.length - 1
  const at = links.findIndex((link) => link.matches(':focus'))
  links[Math.max(0, Math.min(last, next(at, last)))]?.focus()
}
