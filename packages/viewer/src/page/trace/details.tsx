import { gapsIn, type SpanNode } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { type ComponentChildren, createRef, type JSX } from 'preact'
import { duration, fullTime, isUtc } from '../frame/format.js'
import { type Place, place, set } from '../frame/location.js'
import { isolated, nameText } from '../frame/name-text.js'
import { Copy, CopySpan, CopyTree } from './copy.js'
import { DataTable } from './data-table.js'
import { ERROR_KEYS, ErrorOf } from './error.js'
import { Events, isShownApart, Links } from './events.js'
import type { TraceModel } from './model.js'
import { SameName } from './same-name.js'

export interface DetailsProps {
  readonly model: TraceModel
  readonly node: SpanNode
  /** Whether its row is among those that are shown. */
  readonly hasRow: boolean
  /** Whether a server is there, whose other traces can be searched. */
  readonly hasStore: boolean
  onClose(): void
  onSelect(span: Span): void
}

const panel = createRef<HTMLElement>()

/** Puts the focus into the details, so that they can be read and scrolled by keys. */
export function focusDetails(): void {
  panel.current?.focus()
}

/** All that is known of one span, beside or below the rows, which stay where they are. */
export function Details(props: DetailsProps): JSX.Element {
  const { model, node, hasRow, hasStore, onClose, onSelect } = props
  const { span } = node
  const data = Object.fromEntries(
    Object.entries(span.data).filter(([key, value]) => !ERROR_KEYS.includes(key) && !isShownApart(key, value)),
  )
  return (
    <aside class="details" aria-label="Details of the span" tabIndex={0} ref={panel}>
      <header>
        <h2>
          <span class="kind">{isolated(span.kind)}</span> {nameText(span.name)}
        </h2>
        <PlaceButton />
        <button type="button" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </header>
      {!hasRow && <p class="faint">Its row is not shown now: it is closed, hidden, or not among what was found.</p>}
      <div class="actions">
        <details class="menu">
          <summary>Copy span, subtree</summary>
          <div class="actions">
            <CopySpan tree={model.tree} node={node} />
            <CopyTree tree={model.tree} root={node} />
          </div>
        </details>
        <button type="button" onClick={() => set({ root: String(span.spanId), zoom: undefined })}>
          Show this subtree only
        </button>
      </div>
      <ErrorOf data={span.data} />
      <Facts node={node} onSelect={onSelect} />
      {hasStore && <SameName node={node} />}
      <Gaps node={node} onSelect={onSelect} />
      <Links span={span} hasStore={hasStore} find={model.find} onSelect={onSelect} />
      <Events span={span} />
      <h3>Data</h3>
      {Object.keys(data).length === 0 ? <p class="faint">none</p> : <DataTable data={data} finds />}
    </aside>
  )
}

/** Where the panel was put last is kept, in this browser. */
const KEPT = 'trace.panel'

/** Whether the details are below the rows rather than beside them: as the URL says, or as it was chosen last. */
export function isBelow({ panel }: Place): boolean {
  if (panel !== undefined) return panel === 'below'
  try {
    return localStorage.getItem(KEPT) === 'below'
  } catch {
    // The browser keeps nothing.
    return false
  }
}

export function movePanel(): void {
  const panel = isBelow(place.value) ? 'beside' : 'below'
  try {
    localStorage.setItem(KEPT, panel)
  } catch {
    // Then it is in the URL only.
  }
  set({ panel })
}

function PlaceButton(): JSX.Element {
  return (
    <button type="button" class="panel-place" onClick={movePanel}>
      {isBelow(place.value) ? 'Put beside' : 'Put below'}
    </button>
  )
}

interface PartProps {
  readonly node: SpanNode
  onSelect(span: Span): void
}

function Facts({ node, onSelect }: PartProps): JSX.Element {
  const { span } = node
  const parent = node.parent?.span
  const isOpen = span.finish === undefined
  const ids = `"trace_id":"${span.traceId}","span_id":"${span.spanId}"`
  return (
    <table class="facts">
      <tbody>
        <Fact name="Process">{span.process}</Fact>
        <Fact name="Start">{fullTime(span.start, isUtc())}</Fact>
        <Fact name="Finish">
          {isOpen ? 'open: it has not ended, or its end was not recorded' : fullTime(span.finish, isUtc())}
        </Fact>
        <Fact name="Duration">{duration(isOpen ? undefined : span.finish - span.start)}</Fact>
        <Fact name="Self time">{duration(isOpen ? undefined : node.selfTime)}</Fact>
        <Fact name="Trace" copied={String(span.traceId)}>
          {span.traceId.toString()}
        </Fact>
        <Fact name="Span" copied={String(span.spanId)}>
          {span.spanId.toString()}
        </Fact>
        <Fact name="In log lines" copied={ids}>
          {ids}
        </Fact>
        <Fact name="Parent">
          {span.parentId === 0n ? (
            'none'
          ) : parent === undefined ? (
            `${span.parentId} (not stored here)`
          ) : (
            <SpanLink span={parent} onSelect={onSelect} />
          )}
        </Fact>
      </tbody>
    </table>
  )
}

function Fact({
  name,
  copied,
  children,
}: {
  readonly name: string
  readonly copied?: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="mono">
        {children} {copied !== undefined && <Copy label="Copy" text={() => copied} />}
      </td>
    </tr>
  )
}

function SpanLink({ span, onSelect }: { readonly span: Span; onSelect(span: Span): void }): JSX.Element {
  return (
    <button type="button" class="link" onClick={() => onSelect(span)}>
      {isolated(span.kind)} {nameText(span.name)}
    </button>
  )
}

const MOST_GAPS = 10

/** When none of its children ran, for a tenth of its time or more. */
function Gaps({ node, onSelect }: PartProps): JSX.Element | null {
  const gaps = gapsIn(node, Math.max(1, node.duration / 10))
  if (gaps.length === 0) return null
  return (
    <section aria-label="Gaps">
      <h3>When none of its children ran</h3>
      <ul>
        {gaps.slice(0, MOST_GAPS).map(({ start, end, after, before }) => (
          <li key={start}>
            {duration(end - start)},{' '}
            {after === undefined ? 'from its start' : <SpanLink span={after.span} onSelect={onSelect} />}
            {' to '}
            {before === undefined ? 'its end' : <SpanLink span={before.span} onSelect={onSelect} />}
          </li>
        ))}
      </ul>
    </section>
  )
}
