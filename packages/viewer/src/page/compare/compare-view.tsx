import type { PathFigures } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { Problem } from '../frame/api.js'
import { clockTime, duration } from '../frame/format.js'
import { place, set } from '../frame/location.js'
import { isolated, nameText } from '../frame/name-text.js'
import { PlaceLink } from '../frame/place-link.js'
import { useTrace } from '../frame/use-trace.js'
import { CHANGES, type ComparedPath, comparisonOf, isChance, onlyWith } from './differences.js'

/** As many rows are drawn before the reader asks for all: more keep the page busy for a moment. */
const MOST_ROWS = 1_000
/** Deeper rows are not moved further to the right. */
const MOST_INDENT = 24

interface StoredComparisonProps {
  /** Ids of traces. */
  readonly first: string
  readonly second: string
}

/** Two traces of the server's store side by side. */
export function StoredComparison({ first, second }: StoredComparisonProps): JSX.Element {
  const [a, b] = [useTrace(first), useTrace(second)]
  for (const each of [a, b]) {
    if (each instanceof Problem) {
      return (
        <main class="empty">
          <h2>These traces cannot be compared.</h2>
          <p>{each.message}</p>
          <PlaceLink to={{ trace: first }}>Back to the trace</PlaceLink>
        </main>
      )
    }
  }
  if (a === undefined || b === undefined || a instanceof Problem || b instanceof Problem)
    return <main class="empty">Reading …</main>
  const notices = [a.notice, b.notice].filter((each) => each !== undefined)
  return <CompareView first={a.spans} second={b.spans} notice={notices.length === 0 ? undefined : notices.join('; ')} />
}

export interface CompareViewProps {
  /** The spans of one trace each. */
  readonly first: readonly Span[]
  readonly second: readonly Span[]
  /** What may be missing. */
  readonly notice: string | undefined
}

/** Two traces side by side, by path: what is new, gone, slower or faster. */
export function CompareView({ first, second, notice }: CompareViewProps): JSX.Element {
  const { paths, leftOut } = useMemo(() => comparisonOf(first, second), [first, second])
  return (
    <main class="compare">
      <p class="facts">
        <TraceLink spans={first} />
        <span>against</span>
        <TraceLink spans={second} />
      </p>
      {notice !== undefined && <p class="notice">Spans may be missing: {notice}</p>}
      {leftOut > 0 && (
        <p class="notice">
          {leftOut} spans are not compared: they are deeper than 64 levels, or one of more than 20,000 different paths.
        </p>
      )}
      <div class="changes" role="group" aria-label="Show">
        <Choice label="All paths" count={paths.length} value={undefined} />
        {CHANGES.map((change) => (
          <Choice
            key={change}
            label={change}
            count={paths.filter((path) => path.change === change).length}
            value={change}
          />
        ))}
      </div>
      <PathTable paths={paths} />
    </main>
  )
}

/** The paths that the URL asks for. */
function PathTable({ paths }: { readonly paths: readonly ComparedPath[] }): JSX.Element {
  const [all, showAll] = useState(false)
  const only = CHANGES.find((change) => change === place.value['only'])
  const wanted = useMemo(() => (only === undefined ? paths : onlyWith(paths, only)), [paths, only])
  const shown = all ? wanted : wanted.slice(0, MOST_ROWS)
  return (
    <div class="names" tabIndex={0} role="region" aria-label="Differences by path">
      <table>
        <thead>
          <tr>
            {['Span', 'Change', 'Median', 'Count', 'Failed', 'Duration in all'].map((heading) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((path) => (
            <PathRow key={keyOf(path)} path={path} isContext={only !== undefined && path.change !== only} />
          ))}
        </tbody>
      </table>
      {wanted.length === 0 && <p class="faint">There is no such path.</p>}
      {shown.length < wanted.length && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all {wanted.length}
        </button>
      )}
    </div>
  )
}

function TraceLink({ spans }: { readonly spans: readonly Span[] }): JSX.Element {
  const [{ traceId } = { traceId: 0n }] = spans
  let earliest = spans[0]?.start ?? 0n
  for (const { start } of spans) if (start < earliest) earliest = start
  return (
    <PlaceLink to={{ trace: String(traceId) }}>
      Trace {String(traceId)}, {clockTime(earliest)}, {spans.length} spans
    </PlaceLink>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly count: number
  readonly value: string | undefined
}

function Choice({ label, count, value }: ChoiceProps): JSX.Element {
  return (
    <button type="button" aria-pressed={place.value['only'] === value} onClick={() => set({ only: value })}>
      {label} <span class="count">{count}</span>
    </button>
  )
}

function PathRow({ path, isContext }: { readonly path: ComparedPath; readonly isContext: boolean }): JSX.Element {
  const { before, after, change } = path
  const both = (text: (figures: PathFigures) => string): string => {
    const [a, b] = [before === undefined ? '' : text(before), after === undefined ? '' : text(after)]
    return a === b || a === '' || b === '' ? a || b : `${a} → ${b}`
  }
  const { service, kind, name } = path.path.at(-1) ?? { service: '', kind: '', name: '' }
  const time = (nanoseconds: number): string => duration(nanoseconds)
  return (
    <tr class={[change, isContext ? 'faint' : undefined].filter((each) => each !== undefined).join(' ')}>
      <td style={{ paddingLeft: `${Math.min(path.path.length - 1, MOST_INDENT) * 14 + 6}px` }}>
        <span class="kind">
          {isolated(service)} {isolated(kind)}
        </span>{' '}
        {nameText(name)}
      </td>
      <td class="change">{changeText(path)}</td>
      <td>{both(({ p50, max }) => (max === 0 ? '–' : time(p50)))}</td>
      <td>{both(({ count }) => String(count))}</td>
      <td class={(before?.failed ?? 0) < (after?.failed ?? 0) ? 'bad' : undefined}>
        {both(({ failed }) => (failed === 0 ? '0' : `✗ ${failed}`))}
      </td>
      <td>{both(({ total }) => (total === 0 ? '–' : time(total)))}</td>
    </tr>
  )
}

function changeText(path: ComparedPath): string {
  const { change, p50Change, state } = path
  if (state !== 'both') return state
  const percent = Math.round((p50Change ?? 0) * 100)
  if (percent === 0) return ''
  const share = `${percent > 0 ? '+' : ''}${percent}%`
  return isChance(path) ? `${share}, may be chance` : `${share}${change === undefined ? '' : ` ${change}`}`
}

function keyOf({ path }: ComparedPath): string {
  return path.map(({ service, kind, name }) => `${service}\n${kind}\n${name}`).join('\n\n')
}
