import { DATA_KEYS, onOneLine, type PlainValue, type Span } from '@trace/core/spans'
import type { SpanNode } from '../tree/node.js'
import { columnsOf, cutToColumns, type Piece } from './styled.js'

/** Keys that the line of a span shows already, or that are the same for all spans like it. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  DATA_KEYS.errorType,
  DATA_KEYS.errorMessage,
  DATA_KEYS.errorStack,
  DATA_KEYS.errorCause,
  DATA_KEYS.errorParts,
  DATA_KEYS.remoteParent,
  DATA_KEYS.w3cTraceId,
  DATA_KEYS.httpMethod,
  DATA_KEYS.httpRoute,
  DATA_KEYS.httpStatus,
  DATA_KEYS.httpEndReason,
  DATA_KEYS.httpTimeToFirstByte,
  DATA_KEYS.serverPort,
])

/** Keys that stacks below the tree show. */
const SHOWN_BELOW: ReadonlySet<string> = new Set([DATA_KEYS.errorStack, DATA_KEYS.errorCause, DATA_KEYS.errorParts])

/** What tells a span apart from others like it comes first: the names are OpenTelemetry's. */
const FIRST_KEYS: readonly string[] = [
  DATA_KEYS.urlPath,
  DATA_KEYS.urlQuery,
  'db.query.text',
  'db.statement',
  'db.operation.name',
  'messaging.destination.name',
  'messaging.message.id',
  'rpc.method',
]

/** How much of a value is shown where all data is. */
const MOST_CHARACTERS = 4_000

/**
 * The data of a span in one line: what tells it apart from others like it.
 *
 * @returns nothing if there is none
 */
export function dataLine(span: Span, columns: number): Piece[] {
  const keys = Object.keys(span.data).filter((key) => !SHOWN_ELSEWHERE.has(key) && key !== span.name)
  const ranked = keys.sort(byRank)
  const pieces: Piece[] = []
  let left = columns
  for (const [at, key] of ranked.entries()) {
    const [name, value] = [onOneLine(key), onOneLine(textOfValue(span.data[key] ?? null))]
    const before = at === 0 ? '' : ' · '
    const needed = columnsOf(before) + columnsOf(name) + 1
    const rest = ranked.length - at
    // What may have to say that there are more.
    const reserve = rest > 1 ? ` · ${rest - 1} more`.length : 0
    if (left - needed - reserve < Math.min(8, columnsOf(value))) {
      if (at > 0) pieces.push({ text: ` · ${rest} more`, role: 'note' })
      break
    }
    const shown = cutToColumns(value, left - needed - reserve)
    pieces.push({ text: `${before}${name} `, role: 'key' }, { text: shown, role: 'value' })
    left -= needed + columnsOf(shown)
  }
  return pieces
}

/** A span, with the data that it has in common with others. */
export function commonSpan(first: Span, others: readonly SpanNode[]): Span {
  let entries = Object.entries(first.data)
  for (const { span } of others) {
    if (entries.length === 0) break
    entries = entries.filter(([key, value]) => Object.hasOwn(span.data, key) && Object.is(span.data[key], value))
  }
  return { ...first, data: Object.fromEntries(entries) }
}

/** By what tells most, then by name: tables keep no order. */
function byRank(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || (a < b ? -1 : 1)
}

function rankOf(key: string): number {
  const at = FIRST_KEYS.indexOf(key)
  return at < 0 ? FIRST_KEYS.length : at
}

/** All data of a span, a line for each key; what stacks show is left out. */
export function dataLines(span: Span): Piece[][] {
  const keys = Object.keys(span.data)
    .filter((key) => !SHOWN_BELOW.has(key))
    .sort(byRank)
  return keys.map((key) => {
    const value = onOneLine(textOfValue(span.data[key] ?? null), MOST_CHARACTERS)
    return [
      { text: `${onOneLine(key)} `, role: 'key' },
      { text: value, role: 'value' },
    ]
  })
}

/** A value as text: JSON for lists and maps, with bigints as their digits. */
export function textOfValue(value: PlainValue): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? ''
}
