import { gapsIn } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { Problem } from '../frame/api.js'
import { useKeys } from '../frame/keys.js'
import { place, set } from '../frame/location.js'
import { SearchBox } from '../frame/search-box.js'
import { Details, focusDetails, isBelow, movePanel } from './details.js'
import { Filters } from './filters.js'
import { correctClocks, Header } from './header.js'
import { Minimap } from './minimap.js'
import { NameTable } from './name-table.js'
import { lineKeys, showsDetails, showsError, step, toggleOff, zoomText, zoomTo } from './selection.js'
import { toggled } from './state.js'
import { useView, type View } from './view.js'
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

/** One trace: what it is, all of it in small, its spans over time, and one of them in detail. */
export function TraceView({ spans, ledgers, hasStore, notice }: TraceViewProps): JSX.Element {
  const view = useView(spans, ledgers)
  useTraceKeys(view)
  const { model, lines, errors, range } = view
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

function useTraceKeys({ model, at, lines, matches, isMatch, selected }: View): void {
  const line = lines.at(selected)
  const isFound = matches === undefined ? () => false : isMatch
  useKeys({
    ...lineKeys(model, lines),
    n: () => step(model, lines, 1, isFound),
    N: () => step(model, lines, -1, isFound),
    e: () => step(model, lines, 1, showsError),
    E: () => step(model, lines, -1, showsError),
    Enter: () => set({ details: undefined }),
    Escape: () => {
      if (showsDetails(place.value)) set({ details: 'off' })
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
  const line = lines.at(selected)
  const found = line !== undefined && isMatch(line.node, 0) ? lines.count(selected + 1, isMatch) : 0
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
  const node = showsDetails(at) ? (lines.at(selected)?.node ?? model.find(at['span'] ?? '')) : undefined
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
          hasRow={selected >= 0}
          hasStore={hasStore}
          onClose={() => set({ details: 'off' })}
          onSelect={({ spanId }) => set({ span: String(spanId) })}
        />
      )}
    </div>
  )
}
