import { formatTime, type PlainValue, type Span } from '@trace/core/spans'
import { integerOf } from './json.js'
import { OWN_KEYS } from './keys.js'

/** Times of others are in microseconds. */
const MICRO = 1_000n

/** The latest time that any span knows. */
export function latestOf(spans: readonly Span[]): bigint {
  let latest = 0n
  for (const { start, finish = start } of spans) if (finish > latest) latest = finish
  return latest
}

/** Microseconds, at least 1. */
export function microsOf(nanoseconds: bigint): bigint {
  return nanoseconds < MICRO ? 1n : nanoseconds / MICRO
}

/** What a span has that formats of microseconds and few kinds lack. */
export function ownTags({ kind, process, start, finish }: Span): [string, string][] {
  return [
    [OWN_KEYS.kind, kind],
    [OWN_KEYS.process, process],
    [OWN_KEYS.start, String(start)],
    finish === undefined ? [OWN_KEYS.open, 'true'] : [OWN_KEYS.finish, String(finish)],
  ]
}

/** The times that {@link ownTags} has kept; undefined if they are not there. */
export function ownTimes(
  tags: ReadonlyMap<string, PlainValue>,
): { start: bigint; finish: bigint | undefined } | undefined {
  const [start, finish] = [integerOf(tags.get(OWN_KEYS.start)), integerOf(tags.get(OWN_KEYS.finish))]
  if (start === undefined || (finish === undefined && !tags.has(OWN_KEYS.open))) return undefined
  return { start, finish }
}

/** Reads microseconds, which some write with a fraction. */
export function nanosOf(micros: PlainValue | undefined): bigint | undefined {
  if (typeof micros === 'number' && Number.isFinite(micros)) {
    const whole = Math.floor(micros)
    return BigInt(whole) * MICRO + BigInt(Math.round((micros - whole) * 1_000))
  }
  const integer = integerOf(micros)
  return integer === undefined ? undefined : integer * MICRO
}

/** A time of an event as this project has it; what is out of range by its number. */
export function timeText(time: bigint): string {
  try {
    return formatTime(time)
  } catch {
    return `${time} ns`
  }
}
