import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { colorNumber } from '../frame/colors.js'
import { duration } from '../frame/format.js'
import { place, set } from '../frame/location.js'
import { isolated, nameText } from '../frame/name-text.js'
import { quoted } from '../frame/search-box.js'
import type { TraceModel } from './model.js'

interface Sum {
  readonly process: string
  readonly service: string
  readonly kind: string
  readonly name: string
  count: number
  failed: number
  /** In ns, as are the others. */
  total: number
  self: number
  most: number
}

const COLUMNS = {
  count: 'Count',
  failed: 'Failed',
  self: 'Self time',
  total: 'Duration in all',
  most: 'Longest',
} as const

type Column = keyof typeof COLUMNS

/** What each name of each service took, in this trace. */
export function NameTable({ model }: { readonly model: TraceModel }): JSX.Element {
  const { sort: asked = 'self' } = place.value
  const sort = Object.hasOwn(COLUMNS, asked) ? (asked as Column) : 'self'
  const sums = useMemo(() => sumsOf(model), [model])
  const whole = sums.reduce((sum, { self }) => sum + self, 0)
  return (
    <div class="names" tabIndex={0} role="region" aria-label="By service and name">
      <table>
        <thead>
          <tr>
            <th>Service</th>
            <th>Kind and name</th>
            {Object.entries(COLUMNS).map(([column, heading]) => (
              <th key={column} aria-sort={sort === column ? 'descending' : 'none'}>
                <button type="button" onClick={() => set({ sort: column })}>
                  {heading}
                  {sort === column ? ' ↓' : ''}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sums
            .toSorted((a, b) => b[sort] - a[sort])
            .map((sum) => (
              <SumRow key={`${sum.service}\n${sum.kind}\n${sum.name}`} sum={sum} whole={whole} />
            ))}
        </tbody>
      </table>
    </div>
  )
}

/** @param whole the self time of all, in ns */
function SumRow({ sum, whole }: { readonly sum: Sum; readonly whole: number }): JSX.Element {
  const { process, service, kind, name, count, failed, self, total, most } = sum
  return (
    <tr>
      <td>
        <span class={`dot s${colorNumber(process)}`} aria-hidden="true" />
        {service}
      </td>
      <td>
        <span class="kind">{isolated(kind)}</span>{' '}
        <button
          type="button"
          class="link"
          onClick={() => set({ view: undefined, q: `service:${quoted(service)} name:${quoted(name)}` })}
        >
          {nameText(name)}
        </button>
      </td>
      <td>{count}</td>
      <td class={failed > 0 ? 'bad' : undefined}>{failed > 0 ? failed : ''}</td>
      <td>
        {duration(self)} <span class="faint">{whole === 0 ? 0 : Math.round((self / whole) * 100)}%</span>
      </td>
      <td>{duration(total)}</td>
      <td>{duration(most)}</td>
    </tr>
  )
}

function sumsOf({ tree }: TraceModel): Sum[] {
  const sums = new Map<string, Sum>()
  for (const { span, service, duration: lasted, selfTime } of tree.nodes) {
    const key = `${service}\n${span.kind}\n${span.name}`
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = {
        process: span.process,
        service,
        kind: span.kind,
        name: span.name,
        count: 0,
        failed: 0,
        total: 0,
        self: 0,
        most: 0,
      }
      sums.set(key, sum)
    }
    sum.count++
    if (isFailed(span)) sum.failed++
    sum.total += lasted
    sum.self += selfTime
    sum.most = Math.max(sum.most, lasted)
  }
  return [...sums.values()]
}
