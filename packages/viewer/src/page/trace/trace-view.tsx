import type { SpanNode } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { Problem } from '../frame/api.js'
import { type Keys, useKeys } from '../frame/keys.js'
import { place, set } from '../frame/location.js'
import { SearchBox } from '../frame/search-box.js'
import { Details } from './details.js'
import { Filters } from './filters.js'
import { Header } from './header.js'
import { type Line, Lines, lensLines, placeOfLine } from './lines.js'
import { Minimap } from './minimap.js'
import { lensOf, modelOf, type TraceModel } from './model.js'
import { NameTable } from './name-table.js'
import { choiceOf, toggled } from './state.js'
import { Waterfall } from './waterfall.js'

export interface TraceViewProps {
  readonly spans: readonly Span[]
  /** Whether a server is there, with more traces. */
  readonly hasStore: boolean
  /** What may be missing, as the store says. */
  readonly notice: string | undefined
}

/** One trace: what it is, all of it in small, its spans over time, and one of them in detail. */
export function TraceView({ spans, hasStore, notice }: TraceViewProps): JSX.Element {
  const model = useMemo(() => modelOf(spans), [spans])
  const at = place.value
  const { q = '', view, critical } = at
  const lens = useMemo(() => lensOf(model, q), [model, q])
  const choice = useMemo(
    () => choiceOf(model, at),
    [model, at['closed'], at['level'], at['open'], at['folds'], at['root'], at['hide'], at['min']],
  )
  const whole = useMemo(() => new Lines(model), [model])
  const lines = useMemo(
    () => (lens instanceof Set ? lensLines(model, choice.root, lens) : whole.linesFor(choice)),
    [whole, choice, lens],
  )
  const selected = useMemo(() => placeOfLine(lines, model, at['span']), [lines, at['span']])
  const [detailsShown, showDetails] = useState(at['span'] !== undefined)
  const line = lines[selected]
  const isMatch = (each: Line): boolean => lens instanceof Set && lens.has(each.node)
  const matches = useMemo(() => (lens instanceof Set ? lines.filter(isMatch) : undefined), [lines, lens])
  const step = (by: 1 | -1, among: (each: Line) => boolean): void =>
    select(nextLine(lines, placeOf(model, lines), by, among))
  const { duration } = model.tree
  const range = rangeOf(duration, choice.root, at['zoom'])

  useKeys({
    ...lineKeys(model, lines),
    n: () => step(1, matches === undefined ? () => false : isMatch),
    N: () => step(-1, matches === undefined ? () => false : isMatch),
    e: () => step(1, showsError),
    E: () => step(-1, showsError),
    Enter: () => showDetails(true),
    Escape: () => {
      if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
      else if (detailsShown) showDetails(false)
      else if (q !== '') set({ q: undefined })
    },
    r: () =>
      set(
        at['root'] === undefined && line !== undefined
          ? { root: String(line.node.span.spanId), zoom: undefined }
          : { root: undefined },
      ),
    c: () => set({ critical: critical === 'off' ? undefined : 'off' }),
    z: () => set({ zoom: at['zoom'] === undefined && line !== undefined ? zoomTo(line, duration) : undefined }),
  })

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
        onError={(by) => step(by, showsError)}
        errors={errorsAround(lines, selected)}
      />
      <div class="controls">
        <SearchBox
          label="Search this trace"
          value={q}
          problem={lens instanceof Problem ? lens : undefined}
          known={model.known}
          eager
          onSearch={(text) => set({ q: text })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') step(event.shiftKey ? -1 : 1, isMatch)
          }}
        />
        {matches !== undefined && <MatchCount matches={matches} line={line} />}
        <Filters model={model} />
      </div>
      <Minimap
        nodes={model.tree.nodes}
        length={duration}
        range={range}
        onZoom={(to) => set({ zoom: to === undefined ? undefined : zoomText(to) })}
      />
      <div class={`panes${detailsShown && line !== undefined ? ' with-details' : ''}`}>
        {view === 'table' ? (
          <NameTable model={model} />
        ) : (
          <Waterfall
            lines={lines}
            selected={selected}
            range={range}
            isMatch={isMatch}
            showsCritical={critical !== 'off'}
            onSelect={(each) => {
              select(each)
              showDetails(true)
            }}
            onToggle={(each) => set(toggled(place.peek(), each))}
          />
        )}
        {detailsShown && line !== undefined && (
          <Details
            node={line.node}
            hasStore={hasStore}
            onClose={() => showDetails(false)}
            onSelect={({ spanId }) => set({ span: String(spanId) })}
          />
        )}
      </div>
    </main>
  )
}

function MatchCount({
  matches,
  line,
}: {
  readonly matches: readonly Line[]
  readonly line: Line | undefined
}): JSX.Element {
  const at = line === undefined ? 0 : matches.indexOf(line) + 1
  return (
    <span class="count" role="status">
      {matches.length === 0 ? 'nothing found' : `${at}/${matches.length}`}
    </span>
  )
}

function select(line: Line | undefined): void {
  if (line !== undefined) set({ span: line.id })
}

/** The place of the line that is selected by now: keys may come faster than the page is drawn. */
function placeOf(model: TraceModel, lines: readonly Line[]): number {
  return placeOfLine(lines, model, place.peek()['span'])
}

/** The keys that go from line to line, and open and close them. */
function lineKeys(model: TraceModel, lines: readonly Line[]): Keys {
  const next = (): void => select(lines[Math.min(placeOf(model, lines) + 1, lines.length - 1)])
  const previous = (): void => select(lines[Math.max(placeOf(model, lines) - 1, 0)])
  return {
    j: next,
    k: previous,
    ArrowDown: next,
    ArrowUp: previous,
    Home: () => select(lines[0]),
    End: () => select(lines[lines.length - 1]),
    ArrowRight: () => {
      const selected = placeOf(model, lines)
      const line = lines[selected]
      if (line?.canToggle === true && line.isClosed) set(toggled(place.peek(), line))
      else if ((lines[selected + 1]?.depth ?? 0) > (line?.depth ?? 0)) next()
    },
    ArrowLeft: () => {
      const selected = placeOf(model, lines)
      const line = lines[selected]
      if (line?.canToggle === true && !line.isClosed) set(toggled(place.peek(), line))
      else select(lines.findLast((each, at) => at < selected && each.depth < (line?.depth ?? 0)))
    },
    '*': () => set({ closed: undefined, open: undefined, level: undefined }),
    '-': () => set({ closed: undefined, open: undefined, level: '1' }),
  }
}

/** The next line of some sort; none beyond the ends. */
function nextLine(lines: readonly Line[], from: number, by: 1 | -1, among: (line: Line) => boolean): Line | undefined {
  for (let at = from + by; at >= 0 && at < lines.length; at += by) {
    const line = lines[at]
    if (line !== undefined && among(line)) return line
  }
  return undefined
}

/** Whether the line has failed, or hides something that has. */
function showsError({ node, isClosed }: Line): boolean {
  return isFailed(node.span) || (isClosed && node.failed > 0)
}

function errorsAround(lines: readonly Line[], selected: number): { before: number; after: number } {
  let [before, after] = [0, 0]
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]
    if (line === undefined || line.node.failed === 0 || !showsError(line)) continue
    if (at < selected) before++
    else if (at > selected) after++
  }
  return { before, after }
}

/** What part of time is shown: as chosen, or that of the subtree that is shown, or all. */
function rangeOf(duration: number, root: SpanNode | undefined, zoom: string | undefined): readonly [number, number] {
  const [, from, to] = /^(\d{1,18})-(\d{1,18})$/.exec(zoom ?? '') ?? []
  if (from !== undefined && to !== undefined && Number(to) > Number(from)) return [Number(from), Number(to)]
  return root === undefined || root.end <= root.start ? [0, Math.max(1, duration)] : [root.start, root.end]
}

function zoomText([from, to]: readonly [number, number]): string {
  return `${Math.floor(from)}-${Math.ceil(to)}`
}

/** With a tenth of its length on both sides. */
function zoomTo({ start, end }: Line, duration: number): string {
  const around = Math.max(1, (end - start) * 0.1)
  return zoomText([Math.max(0, start - around), Math.min(duration, end + around)])
}
