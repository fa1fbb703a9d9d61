import type { SpanNode } from '@trace/analysis'
import type { PlainValue, Span } from '@trace/core/spans'
import type { JSX } from 'preact'
import { duration, fullTime, utc } from '../frame/format.js'
import { go, hrefOf, set } from '../frame/location.js'
import { quoted } from '../frame/search-box.js'
import { jsonOf, markdownOf } from './as-text.js'
import { Copy } from './copy.js'

export interface DetailsProps {
  readonly node: SpanNode
  /** Whether a server is there, whose other traces can be searched. */
  readonly hasStore: boolean
  onClose(): void
  onSelect(span: Span): void
}

const ERROR_KEYS = ['error.type', 'error.message', 'error.stack', 'error.cause', 'error.errors']

/** All that is known of one span, beside the rows, which stay where they are. */
export function Details({ node, hasStore, onClose, onSelect }: DetailsProps): JSX.Element {
  const { span } = node
  const parent = node.parent?.span
  const data = Object.entries(span.data).filter(([key]) => !ERROR_KEYS.includes(key))
  return (
    <aside class="details" aria-label="Details of the span">
      <header>
        <h2>
          <span class="kind">{span.kind}</span> {span.name === '' ? '(no name)' : span.name}
        </h2>
        <button type="button" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </header>
      <div class="actions">
        <Copy label="Copy as JSON" text={() => jsonOf([span])} />
        <Copy label="Copy as Markdown" text={() => markdownOf([span])} />
        <Copy label="Copy id" text={() => String(span.spanId)} />
        <button type="button" onClick={() => set({ root: String(span.spanId), zoom: undefined })}>
          Show this subtree only
        </button>
        {hasStore && (
          <a
            href={hrefOf({ q: `name:${quoted(span.name)}` })}
            onClick={(event) => {
              event.preventDefault()
              go({ q: `name:${quoted(span.name)}` })
            }}
          >
            The same name in other traces
          </a>
        )}
      </div>
      <ErrorOf span={span} />
      <table class="facts">
        <tbody>
          <Fact name="Process" value={span.process} />
          <Fact name="Start" value={fullTime(span.start, utc.value)} />
          <Fact
            name="Finish"
            value={
              span.finish === undefined
                ? 'open: it has not ended, or its end was not recorded'
                : fullTime(span.finish, utc.value)
            }
          />
          <Fact name="Duration" value={duration(span.finish === undefined ? undefined : span.finish - span.start)} />
          <Fact name="Self time" value={duration(BigInt(Math.round(node.selfTime)))} />
          <Fact name="Trace" value={String(span.traceId)} copies />
          <Fact name="Span" value={String(span.spanId)} copies />
          <tr>
            <th scope="row">Parent</th>
            <td class="mono">
              {span.parentId === 0n ? (
                'none'
              ) : parent === undefined ? (
                `${span.parentId} (not stored here)`
              ) : (
                <button type="button" class="link" onClick={() => onSelect(parent)}>
                  {parent.kind} {parent.name}
                </button>
              )}
            </td>
          </tr>
        </tbody>
      </table>
      <h3>Data</h3>
      {data.length === 0 ? (
        <p class="faint">none</p>
      ) : (
        <table class="facts">
          <tbody>
            {data.map(([key, value]) => (
              <DataRow key={key} name={key} value={value} />
            ))}
          </tbody>
        </table>
      )}
    </aside>
  )
}

function ErrorOf({ span }: { readonly span: Span }): JSX.Element | null {
  const { data } = span
  const type = data['error.type']
  if (type === undefined) return null
  return (
    <section class="error">
      <p class="bad">
        <b>{textOf(type)}</b>: {textOf(data['error.message'] ?? '')}
      </p>
      {data['error.stack'] !== undefined && <pre>{textOf(data['error.stack'])}</pre>}
      {data['error.cause'] !== undefined && (
        <>
          <h3>Caused by</h3>
          <pre>{laidOut(data['error.cause'])}</pre>
        </>
      )}
      {data['error.errors'] !== undefined && (
        <>
          <h3>Its errors</h3>
          <pre>{laidOut(data['error.errors'])}</pre>
        </>
      )}
    </section>
  )
}

function Fact({
  name,
  value,
  copies = false,
}: {
  readonly name: string
  readonly value: string
  readonly copies?: boolean
}): JSX.Element {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="mono">
        {value} {copies && <Copy label="Copy" text={() => value} />}
      </td>
    </tr>
  )
}

function DataRow({ name, value }: { readonly name: string; readonly value: PlainValue }): JSX.Element {
  return (
    <tr>
      <th scope="row" class="mono">
        {name}
      </th>
      <td>
        <pre>{laidOut(value)}</pre>
        {typeof value !== 'object' && (
          <button
            type="button"
            class="link"
            onClick={() => set({ q: `@${name}:${quoted(textOf(value))}` })}
            title="Search this trace for this value"
          >
            find
          </button>
        )}
      </td>
    </tr>
  )
}

export function textOf(value: PlainValue): string {
  return typeof value === 'string' ? value : laidOut(value)
}

/** JSON with a line for each value; text that is itself JSON is laid out too. */
export function laidOut(value: PlainValue): string {
  if (typeof value === 'string') {
    if (!/^\s*[[{]/.test(value)) return value
    try {
      return JSON.stringify(JSON.parse(value), null, 2)
    } catch {
      return value
    }
  }
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)
}
