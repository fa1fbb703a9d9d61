import { serviceOf } from '@trace/core/spans'
import type { JSX } from 'preact'
import type { ListedTrace } from '../frame/api.js'
import { set } from '../frame/location.js'
import { quoted } from '../frame/search-box.js'

/** How many of the traces listed began in each service, and have each name; a click searches for those. */
export function Counts({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  return (
    <aside class="counts">
      <CountList title="Services" field="service" values={traces.map(({ process }) => serviceOf(process))} />
      <CountList title="Names" field="name" values={traces.map(({ name }) => name)} />
    </aside>
  )
}

/** The most frequent ones. */
const MOST_COUNTS = 12

interface CountListProps {
  readonly title: string
  readonly field: string
  readonly values: readonly string[]
}

function CountList({ title, field, values }: CountListProps): JSX.Element {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_COUNTS)
  return (
    <section>
      <h2>{title}</h2>
      <ul>
        {most.map(([value, count]) => (
          <li key={value}>
            <button
              type="button"
              onClick={() => set({ q: `${field}:${quoted(value)}`, limit: undefined })}
              title={`Search for ${value}`}
            >
              <span class="value">{value === '' ? '(none)' : value}</span> <span class="count">{count}</span>
            </button>
          </li>
        ))}
      </ul>
      {counts.size > most.length && <p class="faint">and {counts.size - most.length} more</p>}
    </section>
  )
}
