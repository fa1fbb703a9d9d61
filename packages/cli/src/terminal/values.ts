import { parseDuration, type StatisticsBy } from '@trace/analysis'
import { parseTime } from '@trace/core/spans'
import { Failure } from './context.js'

const DAY = 86_400e9

/** A duration with its unit, such as `200ms`, `15m` or `7d`. @returns nanoseconds @throws {Failure} if it is none */
export function durationOf(text: string): bigint {
  const days = /^(\d{1,6}(?:\.\d{1,3})?)d$/.exec(text)?.[1]
  const ns = days === undefined ? parseDuration(text) : Number(days) * DAY
  if (ns === undefined)
    throw new Failure(`expected a duration with its unit, such as 200ms, 15m, 2h or 7d, got ${text}`)
  return BigInt(Math.round(ns))
}

/**
 * A moment: a duration ago, such as `15m`; or a date, or a date and a time, which is in UTC unless it says where.
 *
 * @param now in ms since the Unix epoch
 * @returns nanoseconds since the Unix epoch
 * @throws {Failure} if it is none
 */
export function momentOf(text: string, now: number): bigint {
  if (/^\d+(\.\d+)?\s?[a-zµμ]+$/.test(text)) return BigInt(Math.round(now)) * 1_000_000n - durationOf(text)
  const [, date, time = '00:00', seconds = ':00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text) ?? []
  const moment = date === undefined ? undefined : parseTime(`${date}T${time}${seconds}${zone}`)
  if (moment === undefined) {
    throw new Failure(`expected a duration ago, such as 15m, or a time such as 2026-01-31T09:30, got ${text}`)
  }
  return moment
}

/** A whole number above 0. @throws {Failure} if it is none */
export function countOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Failure(`expected a whole number above 0, got ${text}`)
  return Number(text)
}

/** A number of bytes, such as `800`, `8k` or `1m`. @throws {Failure} if it is none, or below 200 */
export function bytesOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,9})([km]?)b?$/i.exec(text) ?? []
  const bytes = Number(digits) * ({ k: 1_000, m: 1_000_000 }[unit.toLowerCase()] ?? 1)
  if (!(bytes >= 200)) throw new Failure(`expected a number of bytes, at least 200, such as 8k, got ${text}`)
  return bytes
}

/** @throws {Failure} if statistics cannot be by this */
export function statisticsBy(text: string): StatisticsBy {
  if (text === 'name' || text === 'service' || text === 'kind') return text
  if (text.length > 1 && text.startsWith('@')) return `@${text.slice(1)}`
  throw new Failure(`expected name, service, kind, or a data key such as @user.id, got ${text}`)
}

/** By how much something may grow. */
export interface Threshold {
  /** As it was written. */
  readonly text: string
  readonly measure: 'count' | 'errors' | 'p50' | 'p90' | 'p99' | 'max'
  /** In percent, nanoseconds, or as a number. */
  readonly amount: number
  readonly unit: '%' | 'ns' | 'count'
}

const THRESHOLD = /^(count|errors|p50|p90|p99|max)\+(\d{1,9}(?:\.\d{1,3})?)(%|[a-zµ]+)?$/

/** Whether a word has the form of a threshold, such as `count+10%`. */
export function isThreshold(text: string): boolean {
  return THRESHOLD.test(text)
}

/** Such as `count+10%`, `p50+5ms`, `errors+1`. @throws {Failure} if it is none */
export function thresholdOf(text: string): Threshold {
  const [, measure, amount = '', unit] = THRESHOLD.exec(text) ?? []
  const duration = unit === undefined || unit === '%' ? undefined : parseDuration(`${amount}${unit}`)
  const isTime = measure !== 'count' && measure !== 'errors'
  const isRight = unit === '%' || (isTime ? duration !== undefined : unit === undefined)
  const known = (['count', 'errors', 'p50', 'p90', 'p99', 'max'] as const).find((each) => each === measure)
  if (known === undefined || !isRight) {
    throw new Failure(
      `expected how much more is too much, such as count+10%, p50+20%, p99+5ms or errors+1, got ${text}`,
    )
  }
  if (unit === '%') return { text, measure: known, amount: Number(amount), unit: '%' }
  return { text, measure: known, amount: duration ?? Number(amount), unit: duration === undefined ? 'count' : 'ns' }
}

/** Such as `1 span` or `1,204 spans`. */
export function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count.toLocaleString('en')} ${what}s`
}

/** A port. @throws {Failure} if it is none */
export function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Failure(`expected a port from 0 to 65535, got ${text}`)
}
