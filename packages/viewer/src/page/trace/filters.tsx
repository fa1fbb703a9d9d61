import type { JSX } from 'preact'
import { place, set } from '../frame/location.js'
import { isolated } from '../frame/name-text.js'
import type { TraceModel } from './model.js'
import { isListed, switched } from './state.js'

/** Hides spans by service, kind and duration; what is below them stays. Closes those of a kind. */
export function Filters({ model, hidden }: { readonly model: TraceModel; readonly hidden: number }): JSX.Element {
  const { min = '' } = place.value
  const unit = min.endsWith('%') ? '%' : ''
  const count = place.value['hide']?.split(',').filter((each) => each !== '').length ?? 0
  return (
    <>
      <details class="menu filters">
        <summary>Hide{count > 0 ? ` (${count})` : ''}</summary>
        <div class="choices">
          <Choices title="Services" prefix="service" values={model.services} />
          <Choices title="Kinds" prefix="kind" values={model.kinds} />
        </div>
      </details>
      <label class="field">
        at least
        <input
          type="number"
          min="0"
          step="any"
          size={5}
          value={min.replace('%', '')}
          aria-label={`Minimum duration in ${unit === '' ? 'ms' : '% of the trace'}`}
          onInput={({ currentTarget: { value } }) => set({ min: value === '' ? unit : value + unit })}
        />
        <select
          aria-label="Unit of the minimum duration"
          value={unit}
          onChange={({ currentTarget: { value } }) => set({ min: min.replace('%', '') + value })}
        >
          <option value="">ms</option>
          <option value="%">%</option>
        </select>
      </label>
      {hidden > 0 && (
        <span class="field" role="status">
          {hidden} {hidden === 1 ? 'span' : 'spans'} hidden
          <button type="button" onClick={() => set({ hide: undefined, min: undefined })}>
            Show
          </button>
        </span>
      )}
    </>
  )
}

interface ChoicesProps {
  readonly title: string
  readonly prefix: string
  readonly values: readonly { readonly name: string; readonly count: number }[]
}

function Choices({ title, prefix, values }: ChoicesProps): JSX.Element {
  return (
    <fieldset>
      <legend>{title}</legend>
      {values.map(({ name, count }) => {
        const what = `${prefix}:${name}`
        return (
          <div key={name}>
            <label>
              <input
                type="checkbox"
                checked={!isListed(place.value, 'hide', what)}
                onChange={() => set(switched(place.value, 'hide', what))}
              />
              {name === '' ? '(none)' : isolated(name)} <span class="faint">{count}</span>
            </label>
            {prefix === 'kind' && (
              <button
                type="button"
                class="link"
                aria-pressed={isListed(place.value, 'shut', name)}
                aria-label={`Collapse all of kind ${name}`}
                onClick={() => set({ ...switched(place.value, 'shut', name), open: undefined })}
              >
                collapse
              </button>
            )}
          </div>
        )
      })}
    </fieldset>
  )
}
