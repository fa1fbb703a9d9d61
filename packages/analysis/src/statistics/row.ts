import { Histogram } from './histogram.js'

const RANGES = 12

/** One row of statistics. Durations are in ns; percentiles are within 1%. */
export interface StatisticsRow {
  /** Undefined where the row has spans of several services. */
  readonly service: string | undefined
  readonly kind: string | undefined
  /** The name, or the value of the data key. */
  readonly name: string | undefined
  /** How many spans, with those that are open. */
  readonly count: number
  readonly failed: number
  /** How many are stored as open: they have no duration. */
  readonly open: number
  /** Spans a second, over the whole time. */
  readonly rate: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly total: number
  /** How long none of their children ran. */
  readonly selfTime: number
  /** The share of this in the self time of all spans: 0 … 1. */
  readonly selfShare: number
  /** How long they took, in 12 ranges of a logarithmic scale from the shortest to the longest duration of all rows. */
  readonly shape: readonly number[]
}

/** What is counted of the spans of one row. */
export interface Row {
  readonly service: string | undefined
  readonly kind: string | undefined
  readonly name: string | undefined
  readonly durations: Histogram
  failed: number
  open: number
  selfTime: number
}

/** Where two have the same share, what they are called decides, and not which came first. */
export function byShare(a: StatisticsRow, b: StatisticsRow): number {
  return b.selfTime - a.selfTime || b.count - a.count || (textOf(a) < textOf(b) ? -1 : 1)
}

function textOf({ service, kind, name }: StatisticsRow): string {
  return `${service}\n${kind}\n${name}`
}

export function newRow(service: string | undefined, kind: string | undefined, name: string | undefined): Row {
  return { service, kind, name, durations: new Histogram(), failed: 0, open: 0, selfTime: 0 }
}

/** What the rows have together: durations and self times in ns. */
export interface Totals {
  readonly seconds: number
  readonly selfTime: number
  readonly shortest: number
  readonly longest: number
}

export function finishedRow(
  { service, kind, name, durations, failed, open, selfTime }: Row,
  totals: Totals,
): StatisticsRow {
  const count = durations.count + open
  return {
    service,
    kind,
    name,
    count,
    failed,
    open,
    rate: totals.seconds > 0 ? count / totals.seconds : 0,
    p50: durations.quantile(0.5),
    p90: durations.quantile(0.9),
    p99: durations.quantile(0.99),
    max: durations.max,
    total: durations.total,
    selfTime,
    selfShare: totals.selfTime > 0 ? selfTime / totals.selfTime : 0,
    shape: durations.shape(totals.shortest, totals.longest, RANGES),
  }
}
