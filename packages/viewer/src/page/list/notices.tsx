import type { JSX } from 'preact'
import { AWAY } from '../frame/api.js'
import { go, place } from '../frame/location.js'
import { listing, notLive, problem, reload } from './listing.js'

/** What of the store cannot be shown. */
export function Notices(): JSX.Element {
  const { skipped = 0, places = [], incomplete } = listing.value ?? {}
  const why = problem.value?.at === undefined ? problem.value?.message : undefined
  const failure = notLive.value === AWAY ? AWAY : why
  return (
    <div role="status">
      {failure !== undefined && listing.value !== undefined && <p class="notice bad">{failure}</p>}
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

/** Why there are no traces, and what to do next. */
export function Nothing(): JSX.Element {
  const { q, from, to, range } = place.value
  const failure = problem.value
  if (listing.value === undefined) {
    if (failure === undefined) return <p class="empty">Reading …</p>
    return failure.at === undefined ? <Unreadable message={failure.message} /> : <p class="empty" />
  }
  if ([q, from, to, range].some((each) => each !== undefined)) {
    return (
      <div class="empty">
        <h2>No trace matches.</h2>
        <p>Take a word out of the search, or choose a longer time.</p>
        <button type="button" onClick={() => go({})}>
          Show all traces
        </button>
      </div>
    )
  }
  return (
    <div class="empty">
      <h2>There are no traces in {listing.value.store} yet.</h2>
      <p>Send a traced service a request. Its trace appears here as it ends.</p>
    </div>
  )
}

function Unreadable({ message }: { readonly message: string }): JSX.Element {
  return (
    <div class="empty">
      <h2>The store cannot be read.</h2>
      <p role="alert">{message}</p>
      <p>Put that right, and try again.</p>
      <button type="button" onClick={reload}>
        Try again
      </button>
    </div>
  )
}
