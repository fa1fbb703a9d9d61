import { serviceOf } from '@trace/core/spans'
import type { JSX } from 'preact'
import { MOST_LISTED, PAGE } from '../../wire/list-query.js'
import type { ListedTrace } from '../frame/api.js'
import { colorNumber } from '../frame/colors.js'
import { clockTime, duration } from '../frame/format.js'
import { go, place, set } from '../frame/location.js'
import { isolated, nameText } from '../frame/name-text.js'
import { isForNewTab, PlaceLink } from '../frame/place-link.js'
import { type COLUMNS, limitOf, listing } from './listing.js'

const HEADINGS: Readonly<Record<keyof typeof COLUMNS, string>> = {
  start: 'Time',
  duration: 'Duration',
  service: 'Service',
  name: 'Name',
  spans: 'Spans',
  failed: 'Failed',
  open: 'Open',
}

/** The traces that are listed, a row for each, with columns to sort by. */
export function TraceTable({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  const { sort = '-start' } = place.value
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
      {listing.value?.more === true && <More traces={traces} />}
    </div>
  )
}

/** What comes after the last one. */
function More({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  const limit = limitOf(place.value)
  if (limit < MOST_LISTED) {
    return (
      <button type="button" class="more" onClick={showMore}>
        More
      </button>
    )
  }
  const oldest = Math.min(...traces.map(({ start }) => Math.ceil(Number(start) / 1e6)))
  return (
    <p class="faint">
      {MOST_LISTED} traces are listed, and no more at once.{' '}
      <button type="button" onClick={() => set({ to: String(oldest), range: undefined, limit: undefined })}>
        Show older ones
      </button>
    </p>
  )
}

/** Lists more traces, if there are any. */
export function showMore(): void {
  const limit = limitOf(place.value)
  if (listing.value?.more === true && limit < MOST_LISTED) set({ limit: String(Math.min(MOST_LISTED, limit + PAGE)) })
}

function TraceRow({ trace }: { readonly trace: ListedTrace }): JSX.Element {
  const { traceId, process, kind, name, start, spans, failed, open, lost = 0 } = trace
  const to = { trace: traceId }
  return (
    <tr
      class={failed > 0 ? 'failed' : undefined}
      onClick={(event) => {
        if (isForNewTab(event) || (event.target instanceof Element && event.target.closest('a') !== null)) return
        go(to)
      }}
    >
      <td class="start">{clockTime(start)}</td>
      <td class="duration">{duration(trace.duration)}</td>
      <td class="service">
        <span class={`dot s${colorNumber(process)}`} aria-hidden="true" />
        {serviceOf(process)}
      </td>
      <td class="name">
        <PlaceLink to={to}>
          <span class="kind">{isolated(kind)}</span> {nameText(name)}
        </PlaceLink>
      </td>
      <td class="spans">
        {spans}
        {lost > 0 && <span class="bad"> {lost} lost</span>}
      </td>
      <td class="failed">{failed === 0 ? '' : `✗ ${failed}`}</td>
      <td class="open">{open === 0 ? '' : open}</td>
    </tr>
  )
}
