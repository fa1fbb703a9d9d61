import { gapsIn } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { prepareSearch } from '../../wire/data-index.js'
import { SURE } from '../../wire/sieve.js'
import { Problem } from '../frame/api.js'
import { useKeys } from '../frame/keys.js'
import { type Place, place, set } from '../frame/location.js'
import { SearchBox } from '../frame/search-box.js'
import { Details, focusDetails, isBelow, movePanel } from './details.js'
import { Filters } from './filters.js'
import { correctClocks, Header } from './header.js'
import type { Line } from './line.js'
import { type Choice, hiddenBy, Lines, lensLines, placeOfLine } from './lines.js'
import { Minimap } from './minimap.js'
import { Lens, lensOf, modelOf, type TraceModel } from './model.js'
import { NameTable } from './name-table.js'
import {
  countOf,
  type ErrorsAround,
  errorEnds,
  lineKeys,
  rangeOf,
  showsDetails,
  showsError,
  step,
  toggleOff,
  zoomText,
  zoomTo,
} from './selection.js'
import { choiceOf, toggled } from './state.js'
import { Waterfall } from './waterfall.js'

export interface TraceViewProps {
  readonly spans: readonly Span[]
  /** What the processes of the time say of their own spans. */
  readonly ledgers: readonly Span[]
  /** Whether a server is there, with more traces. */
  readonly hasStore: boolean
  /** What may be missing, as the store says. */
  readonly notice: string | undefined
}

/** What of a trace is shown, as the URL says. */
interface View {
  readonly model: TraceModel
  readonly at: Place
  readonly choice: Choice
  readonly lines: readonly Line[]
  readonly lens: Lens | Problem | undefined
  /** How many lines were searched for; undefined where nothing was. */
  readonly matches: number | undefined
  readonly isMatch: (line: Line) => boolean
  /** The place of the selected line; -1 where it has none. */
  readonly selected: number
  /** Whether there are errors before and after the selected line. */
  readonly errors: ErrorsAround
  /** How many spans are hidden. */
  readonly hidden: number
  /** What part of time is shown, in ns from the start of the trace. */
  readonly range: readonly [number, number]
}

/** One trace: what it is, all of it in small, its spans over time, and one of them in detail. */
export function TraceView({ spans, ledgers, hasStore, notice }: TraceViewProps): JSX.Element {
  const view = useView(spans, ledgers)
  useTraceKeys(view)
  const { model, lines, errors, range } = view
  useEffect(() => inIdleTime(searchReady(model)), [model])
  if (model.tree.nodes.length === 0) {
    return (
      <main class="empty">
        <h2>There are no spans in this file.</h2>
      </main>
    )
  }
  return (
    <main class="trace">
      <Header
        model={model}
        hasStore={hasStore}
        notice={notice}
        onError={(by) => step(model, lines, by, showsError)}
        errors={errors}
      />
      <Search view={view} />
      <Minimap
        nodes={model.tree.nodes}
        length={model.tree.duration}
        range={range}
        onZoom={(to) => set({ zoom: to === undefined ? undefined : zoomText(to) })}
      />
      <Panes view={view} hasStore={hasStore} />
    </main>
  )
}

/** Searches before the reader does, in so many parts. */
const PARTS = 16

/** Makes ready what the first search needs. */
function* searchReady(model: TraceModel): Generator<void> {
  const { tree, spans, sieve } = model
  yield* prepareSearch(spans)
  yield* sieve()?.prepare() ?? []
  // A browser makes code fast once it has run for a while.
  for (let part = 0; part < PARTS; part++) {
    yield
    const verdicts = new Uint8Array(tree.nodes.length)
    for (let at = part; at < verdicts.length; at += 16 * PARTS) verdicts[at] = SURE
    lensLines(model, choiceOf(model, {}), new Lens(tree.nodes, verdicts, () => false))
  }
}

/** Goes on step by step while the page has nothing else to do. @returns what ends it */
function inIdleTime(steps: Iterator<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const go = (): void => {
    if (steps.next().done !== true) timer = setTimeout(go, 0)
  }
  timer = setTimeout(go, 0)
  return () => clearTimeout(timer)
}

function useView(spans: readonly Span[], ledgers: readonly Span[]): View {
  const at = place.value
  const { q = '', clocks, closed, level, open, folds, root, hide, min, shut } = at
  const isCorrected = clocks === 'corrected'
  const model = useMemo(() => modelOf({ spans, ledgers, isCorrected }), [spans, ledgers, isCorrected])
  const lens = useMemo(() => lensOf(model, q), [model, q])
  const choice = useMemo(() => choiceOf(model, at), [model, closed, level, open, folds, root, hide, min, shut])
  const whole = useMemo(() => new Lines(model), [model])
  const lines = useMemo(
    () => (lens instanceof Lens ? lensLines(model, choice, lens) : whole.linesFor(choice)),
    [whole, choice, lens],
  )
  const isMatch = (each: Line): boolean => lens instanceof Lens && lens.has(each.node)
  const selected = useMemo(() => placeOfLine(lines, model, at['span']), [lines, at['span']])
  const [firstError, lastError] = useMemo(() => errorEnds(lines), [lines])
  return {
    model,
    at,
    choice,
    lines,
    lens,
    matches: useMemo(() => (lens instanceof Lens ? countOf(lines, isMatch) : undefined), [lines, lens]),
    isMatch,
    selected,
    errors: { before: firstError >= 0 && firstError < selected, after: lastError > selected },
    hidden: useMemo(() => hiddenBy(choice, model), [model, hide, min]),
    range: rangeOf(model.tree.duration, choice.root, at['zoom']),
  }
}

function useTraceKeys({ model, at, lines, matches, isMatch, selected }: View): void {
  const line = lines[selected]
  const isFound = matches === undefined ? () => false : isMatch
  useKeys({
    ...lineKeys(model, lines),
    n: () => step(model, lines, 1, isFound),
    N: () => step(model, lines, -1, isFound),
    e: () => step(model, lines, 1, showsError),
    E: () => step(model, lines, -1, showsError),
    Enter: () => set({ details: undefined }),
    Escape: () => {
      if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
      else if (showsDetails(place.value)) set({ details: 'off' })
      else if ((place.value['q'] ?? '') !== '') set({ q: undefined })
    },
    r: () =>
      set(
        at['root'] === undefined && line !== undefined
          ? { root: String(line.node.span.spanId), zoom: undefined }
          : { root: undefined },
      ),
    c: () => toggleOff('critical'),
    g: () => toggleOff('gaps'),
    s: () => correctClocks(model),
    d: focusDetails,
    p: movePanel,
    z: () =>
      set({
        zoom: at['zoom'] === undefined && line !== undefined ? zoomTo(line, model.tree.duration) : undefined,
      }),
  })
}

function Search({
  view: { model, at, lens, lines, matches, isMatch, selected, hidden },
}: {
  readonly view: View
}): JSX.Element {
  const line = lines[selected]
  const found = line !== undefined && isMatch(line) ? countOf(lines.slice(0, selected + 1), isMatch) : 0
  return (
    <div class="controls">
      <SearchBox
        label="Search this trace"
        value={at['q'] ?? ''}
        problem={lens instanceof Problem ? lens : undefined}
        known={model.known}
        eager
        onSearch={(text) => set({ q: text })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') step(model, lines, event.shiftKey ? -1 : 1, isMatch)
        }}
      />
      {matches !== undefined && (
        <span class="count" role="status">
          {matches === 0 ? 'nothing found' : `${found}/${matches}`}
        </span>
      )}
      <Filters model={model} hidden={hidden} />
    </div>
  )
}

/** The rows or the table by name, and the details of the selected span, whether or not its row is shown. */
function Panes({ view, hasStore }: { readonly view: View; readonly hasStore: boolean }): JSX.Element {
  const { model, at, lines, isMatch, selected, range } = view
  const node = showsDetails(at) ? (lines[selected]?.node ?? model.find(at['span'] ?? '')) : undefined
  const least = (range[1] - range[0]) / 10
  const stillness = useMemo(() => gapsIn(model.tree, least), [model, least])
  const showsGaps = at['gaps'] !== 'off'
  return (
    <div class={`panes${node === undefined ? '' : ' with-details'}${isBelow(at) ? ' below' : ''}`}>
      {at['view'] === 'table' ? (
        <NameTable model={model} />
      ) : (
        <Waterfall
          model={model}
          lines={lines}
          selected={selected}
          range={range}
          isMatch={isMatch}
          showsCritical={at['critical'] !== 'off'}
          gapsFrom={showsGaps ? least : Infinity}
          stillness={showsGaps ? stillness : []}
          onSelect={(each) => set({ span: each.id, details: undefined })}
          onToggle={(each) => set(toggled(place.value, each))}
        />
      )}
      {node !== undefined && (
        <Details
          model={model}
          node={node}
          hasRow={lines[selected] !== undefined}
          hasStore={hasStore}
          onClose={() => set({ details: 'off' })}
          onSelect={({ spanId }) => set({ span: String(spanId) })}
        />
      )}
    </div>
  )
}
