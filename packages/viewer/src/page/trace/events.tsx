import type { SpanNode } from '@trace/analysis'
import { DATA_KEYS, type PlainData, type PlainValue, parseTime, type Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { movedBy } from '../../wire/read.js'
import { duration } from '../frame/format.js'
import { isolated, nameText } from '../frame/name-text.js'
import { PlaceLink } from '../frame/place-link.js'
import { Copy } from './copy.js'
import { DataTable, isMap, laidOut, textOf } from './data-table.js'

/** The keys of data under which events and links stand, and how many of them were left out: see docs/formats.md. */
const KEYS = ['events', 'events.dropped', 'links', 'links.dropped']

/** What of a span's data {@link Events} and {@link Links} show. Where something else stands there, it is data like any other. */
export function isShownApart(key: string, value: PlainValue): boolean {
  return KEYS.includes(key) && (typeof value === 'number' || isListOfMaps(value))
}

function isListOfMaps(value: PlainValue | undefined): value is readonly PlainData[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMap)
}

/** When an event was, in ns from the start of its span by the clock that recorded both; undefined where its time is none. */
export function offsetOf(span: Span, { time }: PlainData): bigint | undefined {
  const at = typeof time === 'string' ? parseTime(time) : undefined
  return at === undefined ? undefined : at - movedBy(span) - span.start
}

/** The events of a span. */
export function eventsOf({ data: { events } }: Span): readonly PlainData[] {
  return isListOfMaps(events) ? events : []
}

export function Events({ span }: { readonly span: Span }): JSX.Element | null {
  const events = eventsOf(span)
  const dropped = span.data['events.dropped']
  if (events.length === 0 && dropped === undefined) return null
  return (
    <section aria-label="Events">
      <h3>Events</h3>
      <table class="events">
        <thead>
          <tr>
            <th scope="col">After the start</th>
            <th scope="col">Event</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event, at) => {
            const { time = '', name = '', ...data } = event
            const offset = offsetOf(span, event)
            return (
              <tr key={at}>
                <td class="mono" title={textOf(time)}>
                  {offset === undefined ? laidOut(time) : signed(offset)}
                </td>
                <td>
                  {textOf(name)}
                  <DataTable data={data} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <Dropped count={dropped} />
    </section>
  )
}

function signed(offset: bigint): string {
  return offset < 0n ? `−${duration(-offset)}` : `+${duration(offset)}`
}

function Dropped({ count }: { readonly count: PlainValue | undefined }): JSX.Element | null {
  return count === undefined ? null : <p class="faint">and {laidOut(count)} more, which were not recorded</p>
}

export interface LinksProps {
  readonly span: Span
  /** Whether a server is there, which may have the other trace. */
  readonly hasStore: boolean
  readonly find: (id: string) => SpanNode | undefined
  onSelect(span: Span): void
}

/** What a span belongs to besides its parent: spans of this trace, of others in the store, or of another system. */
export function Links(props: LinksProps): JSX.Element | null {
  const { links, 'links.dropped': dropped } = props.span.data
  if (!isListOfMaps(links) && dropped === undefined) return null
  return (
    <section aria-label="Links">
      <h3>Links</h3>
      {isListOfMaps(links) && links.map((link, at) => <Linked key={at} link={link} {...props} />)}
      <Dropped count={dropped} />
    </section>
  )
}

function Linked({ link, span, hasStore, find, onSelect }: LinksProps & { readonly link: PlainData }): JSX.Element {
  const { trace_id: traceId = '', span_id: spanId = '', [DATA_KEYS.w3cTraceId]: whole, ...data } = link
  const [trace, id] = [textOf(traceId), textOf(spanId)]
  const own = trace === String(span.traceId) ? find(id)?.span : undefined
  return (
    <div class="link">
      {own !== undefined ? (
        <button type="button" class="link" onClick={() => onSelect(own)}>
          {isolated(own.kind)} {nameText(own.name)}, in this trace
        </button>
      ) : hasStore && isId(trace) ? (
        <PlaceLink class="mono" to={{ trace, span: id }}>
          trace {trace}, span {id}
        </PlaceLink>
      ) : (
        <span class="mono">
          trace {trace}, span {id}
        </span>
      )}{' '}
      <Copy label="Copy trace id" text={() => trace} />
      {whole !== undefined && (
        <p>
          As another system has it: <span class="mono">{textOf(whole)}</span>{' '}
          <Copy label="Copy that id" text={() => textOf(whole)} />
        </p>
      )}
      <DataTable data={data} />
    </div>
  )
}

/** Whether it may be a trace of a store: decimal text of 64 bits. */
function isId(text: string): boolean {
  return /^[1-9]\d{0,19}$/.test(text)
}
