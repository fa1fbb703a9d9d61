import { buildTree, type SpanNode } from '@trace/analysis'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { Problem } from '../frame/api.js'
import { duration } from '../frame/format.js'
import { go, hrefOf } from '../frame/location.js'
import { useTrace } from '../frame/use-trace.js'

/** What two traces have on one path of services, kinds and names. */
interface Pair {
  readonly path: string
  readonly depth: number
  readonly label: string
  first: Side
  second: Side
}

interface Side {
  readonly count: number
  readonly failed: number
  /** In ns. */
  readonly total: number
}

const NONE: Side = { count: 0, failed: 0, total: 0 }

/** Two traces side by side, by path: what is new, gone, slower or faster. */
export function CompareView({ first, second }: { readonly first: string; readonly second: string }): JSX.Element {
  const [a, b] = [useTrace(first), useTrace(second)]
  const pairs = useMemo(
    () =>
      a === undefined || b === undefined || a instanceof Problem || b instanceof Problem
        ? []
        : pairsOf(buildTree(a.spans, { isFailed }).nodes, buildTree(b.spans, { isFailed }).nodes),
    [a, b],
  )
  for (const each of [a, b]) {
    if (each instanceof Problem) {
      return (
        <main class="empty">
          <h2>These traces cannot be compared.</h2>
          <p>{each.message}</p>
          <a href={hrefOf({ trace: first })}>Back to the trace</a>
        </main>
      )
    }
  }
  if (a === undefined || b === undefined) return <main class="empty">Reading …</main>
  return (
    <main class="compare">
      <p class="facts">
        <button type="button" onClick={() => go({ trace: first })}>
          Trace {first}
        </button>
        <span>against</span>
        <button type="button" onClick={() => go({ trace: second })}>
          Trace {second}
        </button>
      </p>
      <div class="names" tabIndex={0} role="region" aria-label="Differences by path">
        <table>
          <thead>
            <tr>
              <th>Span</th>
              <th>Count</th>
              <th>Failed</th>
              <th>Duration in all</th>
              <th>Difference</th>
            </tr>
          </thead>
          <tbody>
            {pairs.map((pair) => (
              <PairRow key={pair.path} pair={pair} />
            ))}
          </tbody>
        </table>
      </div>
    </main>
  )
}

function PairRow({ pair: { label, depth, first, second } }: { readonly pair: Pair }): JSX.Element {
  const change = first.count === 0 ? 'new' : second.count === 0 ? 'gone' : changeOf(first.total, second.total)
  const both = (text: (side: Side) => string): string => {
    const [a, b] = [text(first), text(second)]
    return a === b ? a : `${a} → ${b}`
  }
  return (
    <tr class={change === 'new' || change === 'gone' ? change : undefined}>
      <td style={{ paddingLeft: `${Math.min(depth, 24) * 14 + 6}px` }}>{label}</td>
      <td>{both(({ count }) => String(count))}</td>
      <td class={first.failed !== second.failed ? 'bad' : undefined}>{both(({ failed }) => String(failed))}</td>
      <td>{both(({ total }) => duration(BigInt(Math.round(total))))}</td>
      <td>{change}</td>
    </tr>
  )
}

function changeOf(before: number, after: number): string {
  if (before === 0) return after === 0 ? '' : 'longer'
  const percent = Math.round((after / before - 1) * 100)
  return percent === 0 ? '' : `${percent > 0 ? '+' : ''}${percent}%`
}

function pairsOf(first: readonly SpanNode[], second: readonly SpanNode[]): Pair[] {
  const pairs = new Map<string, Pair>()
  const paths = new Map<SpanNode, string>()
  for (const [side, nodes] of [
    ['first', first],
    ['second', second],
  ] as const) {
    for (const node of nodes) {
      const { span, service, parent, depth } = node
      const label = `${service} ${span.kind} ${span.name}`
      const path = `${parent === undefined ? '' : paths.get(parent)}\n${label}`
      // A path grows with its depth: of a trace that is 10,000 deep, the end tells enough.
      paths.set(node, path.slice(-2_000))
      const pair = pairs.get(path) ?? { path, depth, label, first: NONE, second: NONE }
      pairs.set(path, pair)
      const before = pair[side]
      pair[side] = {
        count: before.count + 1,
        failed: before.failed + (isFailed(span) ? 1 : 0),
        total: before.total + node.duration,
      }
    }
  }
  return inTreeOrder([...pairs.values()])
}

/** What only the second trace has stands below its parent there. */
function inTreeOrder(pairs: readonly Pair[]): Pair[] {
  return pairs.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}
