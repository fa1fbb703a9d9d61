import { describe, isFailed, LEDGER_KIND, type Span, serviceOf, TraceError } from '@trace/core/spans'
import { dataValue } from '../search/values.js'
import { type Calls, Links } from './links.js'
import { byShare, finishedRow, newRow, type Row, type StatisticsRow } from './row.js'

/**
 * What the rows of statistics are: `name` a row for each service, kind and name; `service` and `kind` one for each of these; `@key` one for
 * each value of a data key, of the spans that have it.
 */
export type StatisticsBy = 'name' | 'service' | 'kind' | `@${string}`

/** Options of {@link SpanStatistics}. */
export interface StatisticsOptions {
  /** Default: `name`. */
  readonly by?: StatisticsBy
  /** How many rows are kept; what comes after these goes into one more, `others`. Default: 2,000. */
  readonly mostRows?: number
}

/** What {@link SpanStatistics} has counted. */
export interface Statistics {
  /** Those with the largest share of self time first. */
  readonly rows: readonly StatisticsRow[]
  /** What did not get a row of its own, since there were too many; undefined if there is none. */
  readonly others: StatisticsRow | undefined
  /** Who calls whom: the most frequent first. */
  readonly calls: readonly Calls[]
  /** How many spans are counted. */
  readonly spans: number
  /** The earliest start and the latest finish, in nanoseconds since the Unix epoch; 0 if there are no spans. */
  readonly start: bigint
  readonly finish: bigint
  /** The ends of `shape`, in ns. */
  readonly shortest: number
  readonly longest: number
  /** How many parents were never found, or stood too far from their children: self times and calls lack those. */
  readonly unlinked: number
}

const MOST_ROWS = 2_000
const MOST_OPEN = 65_536

/**
 * Counts spans as they come by, in any order, in bounded memory: of a million spans as of a hundred. A span that is stored as
 * open, and later as finished, counts once. Ledgers do not count. Add each finished span once: it does not remember those, so
 * one that several stores have is the caller's to leave out.
 */
export class SpanStatistics {
  readonly #by: StatisticsBy
  readonly #mostRows: number
  readonly #rows = new Map<string, Row>()
  /** The same rows by service, kind and name, where these are what the rows are by. */
  readonly #byName = new Map<string, Map<string, Map<string, Row>>>()
  readonly #others: Row = newRow(undefined, undefined, undefined)
  readonly #links = new Links()
  readonly #services = new Map<string, string>()
  /** Spans that are stored as open only, as far as is known. */
  readonly #open = new Map<bigint, Row>()
  #origin: bigint | undefined
  #start = 0n
  #finish = 0n
  #spans = 0

  /** @throws {TraceError} `TRACE_BAD_OPTION` for another `by` than there is */
  constructor({ by = 'name', mostRows = MOST_ROWS }: StatisticsOptions = {}) {
    if (by !== 'name' && by !== 'service' && by !== 'kind' && !/^@./.test(by)) {
      const message = `statistics: option "by": expected name, service, kind, or a data key such as @user.id, got ${describe(by)}`
      throw new TraceError('TRACE_BAD_OPTION', message)
    }
    this.#by = by
    this.#mostRows = mostRows
  }

  add(span: Span): void {
    if (span.kind === LEDGER_KIND) return
    const service = this.#serviceOf(span.process)
    const row = this.#rowOf(span, service)
    if (row === undefined) return
    const origin = this.#extendRange(span)
    const opened = this.#open.get(span.spanId)
    if (span.finish === undefined) {
      if (opened === undefined) this.#addOpen(span, row)
      return
    }
    if (opened !== undefined) {
      opened.open--
      this.#open.delete(span.spanId)
    } else this.#spans++
    const failed = isFailed(span)
    if (failed) row.failed++
    row.durations.add(Number(span.finish - span.start))
    const [start, finish] = [Number(span.start - origin), Number(span.finish - origin)]
    this.#links.add({ span, service, owner: row, start, end: finish, failed })
  }

  /** @returns the first start that came: times are counted from there, so that they fit into numbers */
  #extendRange({ start, finish = start }: Span): bigint {
    this.#origin ??= start
    if (this.#spans === 0 || start < this.#start) this.#start = start
    if (this.#spans === 0 || finish > this.#finish) this.#finish = finish
    return this.#origin
  }

  #addOpen(span: Span, row: Row): void {
    this.#spans++
    row.open++
    if (this.#open.size < MOST_OPEN) this.#open.set(span.spanId, row)
  }

  #serviceOf(process: string): string {
    let service = this.#services.get(process)
    if (service !== undefined) return service
    service = serviceOf(process)
    if (this.#services.size < MOST_ROWS) this.#services.set(process, service)
    return service
  }

  /** @returns undefined if the span does not count */
  #rowOf(span: Span, service: string): Row | undefined {
    const by = this.#by
    if (by === 'name') return this.#rowOfName(span, service)
    if (by === 'service') return this.#rowAt(service, service, undefined, undefined)
    if (by === 'kind') return this.#rowAt(span.kind, undefined, span.kind, undefined)
    const value = dataValue(span.data, by.slice(1))
    if (value === undefined) return undefined
    const text = typeof value === 'object' && value !== null ? '…' : String(value)
    return this.#rowAt(text, undefined, undefined, text)
  }

  /** By three maps within each other: to join the names into one key takes longer. */
  #rowOfName({ kind, name }: Span, service: string): Row {
    const found = this.#byName.get(service)?.get(kind)?.get(name)
    if (found !== undefined) return found
    const row = this.#rowAt(`${service}\n${kind}\n${name}`, service, kind, name)
    if (row === this.#others) return row
    const ofService = this.#byName.get(service) ?? new Map<string, Map<string, Row>>()
    this.#byName.set(service, ofService)
    const ofKind = ofService.get(kind) ?? new Map<string, Row>()
    ofService.set(kind, ofKind)
    ofKind.set(name, row)
    return row
  }

  #rowAt(key: string, service: string | undefined, kind: string | undefined, name: string | undefined): Row {
    let row = this.#rows.get(key)
    if (row !== undefined) return row
    if (this.#rows.size >= this.#mostRows) return this.#others
    row = newRow(service, kind, name)
    this.#rows.set(key, row)
    return row
  }

  /** What has been counted until now. */
  result(): Statistics {
    const rows = [...this.#rows.values()]
    const all = [...rows, this.#others]
    const selfTime = all.reduce((sum, row) => sum + row.selfTime, 0)
    const longest = all.reduce((most, { durations }) => Math.max(most, durations.max), 0)
    const shortest = all.reduce((least, { durations }) => Math.min(least, durations.min), longest)
    const start = this.#start
    const seconds = Number(this.#finish - start) / 1e9
    const finished = (row: Row): StatisticsRow => finishedRow(row, { seconds, selfTime, shortest, longest })
    return {
      rows: rows.map(finished).sort(byShare),
      others: this.#others.durations.count + this.#others.open > 0 ? finished(this.#others) : undefined,
      calls: this.#links.calls(),
      spans: this.#spans,
      start,
      finish: this.#finish,
      shortest,
      longest,
      unlinked: this.#links.forgotten,
    }
  }
}
