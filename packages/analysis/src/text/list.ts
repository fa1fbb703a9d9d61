import { formatTime, onOneLine, serviceOf } from '@trace/core/spans'
import { formatDuration } from './duration.js'
import type { Piece, TextRole } from './styled.js'
import { type Column, type TableOptions, tableLines } from './table.js'

/** A trace in a list: what `TraceReader.traces` gives, and what else is known of it. */
export interface ListedTrace {
  readonly traceId: bigint
  readonly process: string
  readonly kind: string
  readonly name: string
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** In nanoseconds; undefined if no span has finished. */
  readonly duration: bigint | undefined
  readonly spans: number
  readonly failed: number
  readonly open: number
  /** Its services in order of their first spans. Default: that of its first span. */
  readonly services?: readonly string[]
  /** How many of its spans are known to be missing. Default: 0. */
  readonly lost?: number
}

/** Options of {@link listLines}. */
export interface ListOptions extends TableOptions {
  /** Formats a start, in nanoseconds since the Unix epoch. Default: UTC to the millisecond. */
  readonly time?: (start: bigint) => string
}

/** Traces as a table, a line each: when, how long, how many spans, failed, open, lost; the services, what it was, and the id, of which narrow tables have the beginning. */
export function listLines(traces: readonly ListedTrace[], options: ListOptions = {}): string[] {
  const { time = utcTime, width = 100 } = options
  const columns: Column<ListedTrace>[] = [
    { title: 'start', spare: 1, cell: ({ start }) => piece(onOneLine(time(start)), 'note') },
    {
      title: 'duration',
      right: true,
      cell: ({ duration }) => piece(duration === undefined ? 'open' : formatDuration(duration), 'duration'),
    },
    { title: 'spans', right: true, from: 70, cell: ({ spans }) => piece(String(spans), 'value') },
    ...counted(traces, { title: 'failed', role: 'failure', count: ({ failed }) => failed }),
    ...counted(traces, { title: 'open', role: 'open', count: ({ open }) => open, spare: 2 }),
    ...counted(traces, { title: 'lost', role: 'failure', count: ({ lost = 0 }) => lost }),
    { title: 'trace', right: true, cell: ({ traceId }) => piece(idText(traceId, width), 'key') },
    { title: 'services', from: 120, cell: (trace) => piece(servicesText(trace), 'service') },
    { title: 'first span', cell: (trace) => piece(nameText(trace, width), 'name') },
  ]
  return tableLines(traces, columns, options)
}

/** Below this width ids are cut, in columns; to how many digits. The commands take the beginning of an id. */
const WHOLE_IDS_FROM = 80
const DIGITS = 9

function idText(id: bigint, width: number): string {
  const digits = String(id)
  return width >= WHOLE_IDS_FROM || digits.length <= DIGITS ? digits : `${digits.slice(0, DIGITS)}…`
}

function piece(text: string, role: TextRole): Piece {
  return { text, role }
}

interface Counted {
  readonly title: string
  readonly role: TextRole
  readonly count: (trace: ListedTrace) => number
  readonly spare?: number
}

/** A column that is there only where some trace has something to count. */
function counted(traces: readonly ListedTrace[], { title, role, count, spare = 0 }: Counted): Column<ListedTrace>[] {
  if (!traces.some((trace) => count(trace) > 0)) return []
  return [{ title, right: true, spare, cell: (trace) => piece(count(trace) > 0 ? String(count(trace)) : '', role) }]
}

function servicesText({ services, process }: ListedTrace): string {
  const all = services ?? [serviceOf(process)]
  const shown = all.slice(0, 3).map((service) => onOneLine(service, 30))
  return all.length > 3 ? `${shown.join(', ')} +${all.length - 3}` : shown.join(', ')
}

/** Below this width, in columns, the name comes first: it would be cut off behind the rest. */
const NAME_LAST_FROM = 60

function nameText({ process, kind, name }: ListedTrace, width: number): string {
  const words = [serviceOf(process), kind, name]
  return (width < NAME_LAST_FROM ? words.toReversed() : words)
    .map((word) => onOneLine(word))
    .filter((word) => word !== '')
    .join('  ')
}

/** Such as `2015-10-20 13:14:15.123`; outside of the years 0000 to 9999 the nanoseconds. */
function utcTime(start: bigint): string {
  try {
    return formatTime(start - (((start % 1_000_000n) + 1_000_000n) % 1_000_000n) + 0n)
      .replace('T', ' ')
      .replace(/(?:\.(\d+))?Z$/, (_all, digits = '') => `.${digits.padEnd(3, '0')}`)
  } catch {
    return `${start} ns`
  }
}
