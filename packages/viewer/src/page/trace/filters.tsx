import type { JSX } from 'preact'
import { place, set } from '../frame/location.js'
import type { TraceModel } from './model.js'
import { hidden, isHidden } from './state.js'

/** Hides spans by service, kind and duration; what is below them stays. */
export function Filters({ model }: { readonly model: TraceModel }): JSX.Element {
  const count = place.value['hide']?.split(',').filter((each) => each !== '').length ?? 0
  return (
    <>
      <details class="filters">
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
          value={place.value['min'] ?? ''}
          aria-label="Minimum duration in ms"
          onInput={({ currentTarget }) => set({ min: currentTarget.value })}
        />
        ms
      </label>
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
          <label key={name}>
            <input
              type="checkbox"
              checked={!isHidden(place.value, what)}
              onChange={() => set(hidden(place.value, what))}
            />
            {name === '' ? '(none)' : name} <span class="faint">{count}</span>
          </label>
        )
      })}
    </fieldset>
  )
}
