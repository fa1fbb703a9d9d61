import type { SpanNode } from '@trace/analysis'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { loadName, type NameColumn, type NameStatistics, Problem } from '../frame/api.js'
import { clockTime, duration } from '../frame/format.js'
import { place, set } from '../frame/location.js'
import { PlaceLink } from '../frame/place-link.js'
import { quoted } from '../frame/search-box.js'

/** How long spans of the same service, kind and name took in other traces of the store, over time; read when the reader asks for it. */
export function SameName({ node }: { readonly node: SpanNode }): JSX.Element {
  const isShown = place.value['same'] === 'on'
  return (
    <section class="same-name" aria-label="The same name in other traces">
      <button type="button" aria-expanded={isShown} onClick={() => set({ same: isShown ? undefined : 'on' })}>
        The same name in other traces
      </button>
      {isShown && <Loaded node={node} />}
    </section>
  )
}

function Loaded({ node }: { readonly node: SpanNode }): JSX.Element {
  const [statistics, setStatistics] = useState<NameStatistics | Problem>()
  useEffect(() => {
    const stop = new AbortController()
    setStatistics(undefined)
    loadName({ node, signal: stop.signal }).then(setStatistics, (error: unknown) => {
      if (!stop.signal.aborted) setStatistics(error instanceof Problem ? error : new Problem(String(error)))
    })
    return () => stop.abort()
  }, [node])
  if (statistics === undefined) return <p role="status">Reading …</p>
  if (statistics instanceof Problem) return <p class="bad">{statistics.message}</p>
  return (
    <>
      {statistics.incomplete !== undefined && <p class="notice">Not all are counted: {statistics.incomplete}</p>}
      <p role="status">{summaryOf(statistics, node)}</p>
      {statistics.columns.length > 0 && <Chart statistics={statistics} node={node} />}
      <PlaceLink to={{ q: searchFor(node) }}>Show these traces in the list</PlaceLink>
    </>
  )
}

function summaryOf({ spans, traces, failed, open, p50, p99, shorter }: NameStatistics, node: SpanNode): string {
  if (spans === 0) return 'There is none in the other traces.'
  const ended = spans - open
  const took =
    ended === 0
      ? ''
      : ` Half took up to ${duration(p50)}, 99% up to ${duration(p99)}. This one, ${duration(node.duration)}, took longer than ${Math.round((shorter / ended) * 100)}% of them.`
  const states = [failed > 0 ? `${failed} failed` : '', open > 0 ? `${open} open` : ''].filter((text) => text !== '')
  const inTraces = traces === 1 ? '1 other trace' : `${traces} other traces`
  return `${spans} in ${inTraces}${states.length === 0 ? '' : `, ${states.join(', ')}`}.${took}`
}

interface ChartProps {
  readonly statistics: NameStatistics
  readonly node: SpanNode
}

/** A column for each stretch of time, which leads to the slowest of it; up is longer, on a logarithmic scale, and darker is more. */
function Chart({ statistics, node }: ChartProps): JSX.Element {
  const { columns, shortest, longest } = statistics
  const most = Math.max(1, ...columns.flatMap(({ shape }) => shape))
  const [low, high] = [Math.log(Math.max(1, shortest)), Math.log(Math.max(1, longest))]
  const own = high > low ? (Math.log(Math.max(1, node.duration)) - low) / (high - low) : 0.5
  return (
    <figure class="chart">
      <div class="plot">
        <span class="faint">{duration(longest)}</span>
        <span class="faint">{duration(shortest)}</span>
        <ul>
          {columns.map((column) => (
            <li key={column.from}>
              <Stretch column={column} most={most} />
            </li>
          ))}
        </ul>
        {own >= 0 && own <= 1 && <div class="own" style={{ bottom: `${own * 100}%` }} title="this span" />}
      </div>
      <figcaption class="faint">
        {clockTime(BigInt(columns[0]?.from ?? 0) * 1_000_000n)} to{' '}
        {clockTime(BigInt(columns.at(-1)?.to ?? 0) * 1_000_000n)}; the line is this span
      </figcaption>
    </figure>
  )
}

interface StretchProps {
  readonly column: NameColumn
  readonly most: number
}

function Stretch({ column, most }: StretchProps): JSX.Element {
  const { from, count, failed, median, shape, slowest } = column
  const cells = shape.map((cell, at) => (
    <span key={at} style={{ opacity: cell === 0 ? '0' : String(0.25 + 0.75 * (cell / most)) }} />
  ))
  if (slowest === undefined) return <div class="stretch">{cells}</div>
  const text = `${clockTime(BigInt(from) * 1_000_000n)}: ${count}, half up to ${duration(median)}${failed > 0 ? `, ${failed} failed` : ''}. Opens the slowest.`
  return (
    <PlaceLink to={{ ...slowest, same: 'on' }} class={`stretch${failed > 0 ? ' failed' : ''}`} title={text}>
      {cells}
    </PlaceLink>
  )
}

function searchFor({ service, span }: SpanNode): string {
  return `service:${quoted(service)} kind:${quoted(span.kind)} name:${quoted(span.name)}`
}
