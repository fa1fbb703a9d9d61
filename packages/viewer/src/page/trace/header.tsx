import { noteLines, type TraceTree } from '@trace/analysis'
import type { JSX } from 'preact'
import { colorNumber } from '../frame/colors.js'
import { duration, fullTime, isUtc } from '../frame/format.js'
import { go, place, set } from '../frame/location.js'
import { isolated, nameText } from '../frame/name-text.js'
import { Copy, CopyTree } from './copy.js'
import type { TraceModel } from './model.js'
import { type ErrorsAround, toggleOff } from './selection.js'

export interface HeaderProps {
  readonly model: TraceModel
  readonly hasStore: boolean
  readonly notice: string | undefined
  readonly errors: ErrorsAround
  onError(by: 1 | -1): void
}

/** What the trace is, what of it is missing and why, and how it is shown. */
export function Header({ model, hasStore, notice, errors, onError }: HeaderProps): JSX.Element {
  const { tree, missing, skews, isCorrected } = model
  const first = tree.roots[0]?.span
  return (
    <section class="head">
      <h2>
        <span class="kind">{isolated(first?.kind)}</span> {nameText(first?.name)}
      </h2>
      <Facts model={model} errors={errors} onError={onError} />
      {notice !== undefined && <p class="notice">Spans may be missing: {notice}</p>}
      {noteLines({ missing, skews, isCorrected, time: (at) => fullTime(at, isUtc()) }).map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
      <div class="actions">
        <Switches model={model} />
        {place.value['root'] !== undefined && (
          <button type="button" onClick={() => set({ root: undefined })}>
            Show the whole trace
          </button>
        )}
        <CopyMenu tree={tree} />
        {hasStore && <a href={`api/saved?id=${tree.traceId}`}>Save as one file</a>}
        {hasStore && <CompareForm />}
      </div>
    </section>
  )
}

function Facts({ model, errors, onError }: Pick<HeaderProps, 'model' | 'errors' | 'onError'>): JSX.Element {
  const { tree, services, missing } = model
  const { failed, open } = tree
  const { lost } = missing
  const [local, utc] = [fullTime(tree.start, false), fullTime(tree.start, true)]
  return (
    <p class="facts">
      <b>
        {duration(tree.duration)}
        {open > 0 && ' so far'}
      </b>
      <span>{local}</span>
      {local !== utc && <span class="faint">{utc}</span>}
      <span>{counted(tree.nodes.length)}</span>
      {lost > 0 && <b>{counted(lost)} missing</b>}
      {open > 0 && <span>{open} open</span>}
      {failed > 0 && (
        <span class="bad errors">
          ✗ {failed} failed
          <button type="button" aria-label="Previous error" disabled={!errors.before} onClick={() => onError(-1)}>
            ↑
          </button>
          <button type="button" aria-label="Next error" disabled={!errors.after} onClick={() => onError(1)}>
            ↓
          </button>
        </span>
      )}
      {services.map(({ name, count }) => (
        <span key={name}>
          <span class={`dot s${colorNumber(name)}`} aria-hidden="true" />
          {isolated(name)} <span class="faint">{count}</span>
        </span>
      ))}
    </p>
  )
}

function counted(spans: number): string {
  return `${spans} ${spans === 1 ? 'span' : 'spans'}`
}

/** Shows times as by the clock of the host where the trace began, or again as they were recorded. */
export function correctClocks({ skews }: TraceModel): void {
  if (skews.length > 0) set({ clocks: place.value['clocks'] === 'corrected' ? undefined : 'corrected' })
}

/** What of the waterfall is switched on and off. */
function Switches({ model }: { readonly model: TraceModel }): JSX.Element {
  const at = place.value
  return (
    <>
      <Switch
        label="By name"
        isOn={at['view'] === 'table'}
        onToggle={() => set({ view: at['view'] === 'table' ? undefined : 'table' })}
      />
      {model.skews.length > 0 && (
        <Switch label="Correct the clocks" isOn={at['clocks'] === 'corrected'} onToggle={() => correctClocks(model)} />
      )}
      <Switch label="Critical path" isOn={at['critical'] !== 'off'} onToggle={() => toggleOff('critical')} />
      <Switch label="Gaps" isOn={at['gaps'] !== 'off'} onToggle={() => toggleOff('gaps')} />
      <Switch label="Fold like siblings" isOn={at['folds'] !== 'off'} onToggle={() => toggleOff('folds')} />
      <button
        type="button"
        onClick={() => set({ closed: undefined, open: undefined, level: undefined, shut: undefined })}
      >
        Expand all
      </button>
      <button type="button" onClick={() => set({ closed: undefined, open: undefined, level: '1' })}>
        Collapse all
      </button>
    </>
  )
}

interface SwitchProps {
  readonly label: string
  readonly isOn: boolean
  onToggle(): void
}

function Switch({ label, isOn, onToggle }: SwitchProps): JSX.Element {
  return (
    <button type="button" aria-pressed={isOn} onClick={onToggle}>
      {label}
    </button>
  )
}

function CopyMenu({ tree }: { readonly tree: TraceTree }): JSX.Element {
  return (
    <details class="menu">
      <summary>Copy</summary>
      <div class="choices">
        <CopyTree tree={tree} />
        <Copy label="Trace id" text={() => String(tree.traceId)} />
      </div>
    </details>
  )
}

function CompareForm(): JSX.Element {
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault()
        const id = new FormData(event.currentTarget).get('id')
        if (typeof id === 'string' && id.trim() !== '') go({ ...place.value, compare: id.trim() })
      }}
    >
      <label>
        Compare with <input name="id" placeholder="trace id" inputMode="numeric" size={12} />
      </label>
    </form>
  )
}
