import type { JSX } from 'preact'
import { colorNumber } from '../frame/colors.js'
import { duration, fullTime } from '../frame/format.js'
import { place, set } from '../frame/location.js'
import { jsonOf, markdownOf, textOfTrace } from './as-text.js'
import { Copy } from './copy.js'
import type { TraceModel } from './model.js'

export interface HeaderProps {
  readonly model: TraceModel
  readonly hasStore: boolean
  readonly notice: string | undefined
  readonly errors: { readonly before: number; readonly after: number }
  onError(by: 1 | -1): void
}

/** What the trace is, and what of it is missing. */
export function Header({ model, hasStore, notice, errors, onError }: HeaderProps): JSX.Element {
  const { tree, services, notes } = model
  const { failed, open, traceId, duration: length } = tree
  const first = tree.roots[0]?.span
  return (
    <section class="head">
      <h2>
        <span class="kind">{first?.kind}</span> {first?.name === '' ? '(no name)' : first?.name}
      </h2>
      <p class="facts">
        <b>{duration(BigInt(Math.round(length)))}</b>
        <span>{fullTime(tree.start, false)}</span>
        <span class="faint">{fullTime(tree.start, true)}</span>
        <span>
          {tree.nodes.length} {tree.nodes.length === 1 ? 'span' : 'spans'}
        </span>
        {open > 0 && <span>{open} open</span>}
        {failed > 0 && (
          <span class="bad errors">
            ✗ {failed} failed
            <button
              type="button"
              aria-label="Previous error"
              disabled={errors.before === 0}
              onClick={() => onError(-1)}
            >
              ↑
            </button>
            <button type="button" aria-label="Next error" disabled={errors.after === 0} onClick={() => onError(1)}>
              ↓
            </button>
          </span>
        )}
        {services.map(({ name, count }) => (
          <span key={name}>
            <span class={`dot s${colorNumber(name)}`} aria-hidden="true" />
            {name} <span class="faint">{count}</span>
          </span>
        ))}
      </p>
      {notice !== undefined && <p class="notice">Spans may be missing: {notice}</p>}
      {notes.map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
      <div class="actions">
        <button
          type="button"
          aria-pressed={place.value['view'] === 'table'}
          onClick={() => set({ view: place.value['view'] === 'table' ? undefined : 'table' })}
        >
          By name
        </button>
        <button
          type="button"
          aria-pressed={place.value['critical'] !== 'off'}
          onClick={() => set({ critical: place.value['critical'] === 'off' ? undefined : 'off' })}
        >
          Critical path
        </button>
        <button
          type="button"
          aria-pressed={place.value['folds'] !== 'off'}
          onClick={() => set({ folds: place.value['folds'] === 'off' ? undefined : 'off' })}
        >
          Fold like siblings
        </button>
        <button type="button" onClick={() => set({ closed: undefined, open: undefined, level: undefined })}>
          Expand all
        </button>
        <button type="button" onClick={() => set({ closed: undefined, open: undefined, level: '1' })}>
          Collapse all
        </button>
        {place.value['root'] !== undefined && (
          <button type="button" onClick={() => set({ root: undefined })}>
            Show the whole trace
          </button>
        )}
        <details class="menu">
          <summary>Copy</summary>
          <div class="choices">
            <Copy label="As text" text={() => textOfTrace(model.spans)} />
            <Copy label="As JSON" text={() => jsonOf(model.spans)} />
            <Copy label="As Markdown" text={() => markdownOf(model.spans)} />
            <Copy label="Trace id" text={() => String(traceId)} />
          </div>
        </details>
        {hasStore && <a href={`api/saved?id=${traceId}`}>Save as one file</a>}
        {hasStore && <CompareForm />}
      </div>
    </section>
  )
}

function CompareForm(): JSX.Element {
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault()
        const id = new FormData(event.currentTarget).get('id')
        if (typeof id === 'string' && id.trim() !== '') set({ compare: id.trim() })
      }}
    >
      <label>
        Compare with <input name="id" placeholder="trace id" inputMode="numeric" size={12} />
      </label>
    </form>
  )
}
