import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { colorNumber } from '../frame/colors.js'
import { duration } from '../frame/format.js'
import { set } from '../frame/location.js'
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

/** What each name of each service took, in this trace. */
export function NameTable({ model }: { readonly model: TraceModel }): JSX.Element {
  const [sort, setSort] = useState<keyof typeof COLUMNS>('self')
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
                <button type="button" onClick={() => setSort(column as keyof typeof COLUMNS)}>
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
              <tr key={`${sum.service}\n${sum.kind}\n${sum.name}`}>
                <td>
                  <span class={`dot s${colorNumber(sum.process)}`} aria-hidden="true" />
                  {sum.service}
                </td>
                <td>
                  <span class="kind">{sum.kind}</span>{' '}
                  <button
                    type="button"
                    class="link"
                    onClick={() =>
                      set({ view: undefined, q: `service:${quoted(sum.service)} name:${quoted(sum.name)}` })
                    }
                  >
                    {sum.name === '' ? '(no name)' : sum.name}
                  </button>
                </td>
                <td>{sum.count}</td>
                <td class={sum.failed > 0 ? 'bad' : undefined}>{sum.failed > 0 ? sum.failed : ''}</td>
                <td>
                  {duration(sum.self)}{' '}
                  <span class="faint">{whole === 0 ? 0 : Math.round((sum.self / whole) * 100)}%</span>
                </td>
                <td>{duration(sum.total)}</td>
                <td>{duration(sum.most)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
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
