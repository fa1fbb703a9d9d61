import { serviceOf } from '@trace/core/spans'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { ListSource } from '../frame/api.js'
import { giveColors } from '../frame/colors.js'
import { useKeys } from '../frame/keys.js'
import { lastTrace, place } from '../frame/location.js'
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
    j: () => focusRow(1),
    ArrowDown: () => focusRow(1),
    k: () => focusRow(-1),
    ArrowUp: () => focusRow(-1),
    Home: () => focusRow(-Infinity),
    End: () => focusRow(Infinity),
    m: showMore,
    p: () => {
      if (notLive.value === undefined) togglePause()
    },
  })
  const [{ sort }, listed] = [place.value, listing.value]
  const traces = useMemo(() => sorted(listed?.traces ?? [], sort), [listed, sort])
  useMemo(() => giveColors(traces.map(({ process }) => serviceOf(process))), [traces])
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

/** Moves the focus to the link of another row: so many rows on, or, where no row has it, to that of the trace that was opened last. */
function focusRow(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.list td.name a')]
  const focused = links.findIndex((link) => link.matches(':focus'))
  const opened = links.findIndex((link) => new URLSearchParams(link.search).get('trace') === lastTrace())
  const next = focused < 0 && Number.isFinite(by) ? opened : focused + by
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus()
}
