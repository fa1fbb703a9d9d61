import type { JSX } from 'preact'
import type { ListedTrace } from '../frame/api.js'
import { colorNumber, serviceName } from '../frame/colors.js'
import { clockTime, duration } from '../frame/format.js'
import { go, hrefOf } from '../frame/location.js'

/** A trace in a list. */
export function TraceRow({ trace }: { readonly trace: ListedTrace }): JSX.Element {
  const { traceId, process, kind, name, start, spans, failed, open } = trace
  const to = { trace: traceId }
  return (
    <tr
      class={failed > 0 ? 'failed' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || (event.target as Element).closest('a') !== null) return
        go(to)
      }}
    >
      <td class="start">{clockTime(start)}</td>
      <td class="duration">{duration(trace.duration)}</td>
      <td class="service">
        <span class={`dot s${colorNumber(process)}`} aria-hidden="true" />
        {serviceName(process)}
      </td>
      <td class="name">
        <Link to={to}>
          <span class="kind">{kind}</span> {name === '' ? '(no name)' : name}
        </Link>
      </td>
      <td class="spans">{spans}</td>
      <td class="failed">{failed === 0 ? '' : `✗ ${failed}`}</td>
      <td class="open">{open === 0 ? '' : open}</td>
    </tr>
  )
}

function Link({
  to,
  children,
}: {
  readonly to: Readonly<Record<string, string>>
  readonly children: JSX.Element[] | JSX.Element | unknown
}): JSX.Element {
  return (
    <a
      href={hrefOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        go(to)
      }}
    >
      {children as JSX.Element}
    </a>
  )
}
