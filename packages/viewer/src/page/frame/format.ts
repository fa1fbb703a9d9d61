import { formatDuration } from '@trace/analysis'
import { place, set } from './location.js'

/** Whether times are shown in UTC; else in the time zone of the browser. */
export function isUtc(): boolean {
  return place.value['time'] === 'utc'
}

export function switchTimes(): void {
  set({ time: isUtc() ? undefined : 'utc' })
}

export function duration(nanoseconds: bigint | number | undefined): string {
  return nanoseconds === undefined ? 'open' : formatDuration(nanoseconds)
}

/** With date where it is not of today. */
export function clockTime(nanoseconds: bigint): string {
  const date = dateOf(nanoseconds)
  if (date === undefined) return '?'
  const [day, time] = dayAndTime(date, isUtc())
  return day === dayAndTime(new Date(), isUtc())[0] ? time : `${day} ${time}`
}

/** Such as `2026-11-28T16:03:24.123456789Z`, or with the zone's offset; with all digits that are stored. */
export function fullTime(nanoseconds: bigint, inUtc: boolean): string {
  const date = dateOf(nanoseconds)
  if (date === undefined) return `${nanoseconds} ns`
  const fraction = String(((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0')
  const offset = offsetOf(date, inUtc)
  const [day, time] = dayAndTime(date, inUtc)
  const sign = offset < 0 ? '-' : '+'
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  const zone = offset === 0 ? 'Z' : `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
  return `${day}T${time.slice(0, -4)}.${fraction}${zone}`
}

/** Undefined where its year does not have four digits: what a file or a link holds may be any number. */
function dateOf(nanoseconds: bigint): Date | undefined {
  const date = new Date(Number(nanoseconds / 1_000_000n))
  const year = date.getUTCFullYear()
  return year > 0 && year < 9999 ? date : undefined
}

/** Such as 2026-11-28 and 16:03:24.123. `Intl` takes 0.2 ms for each, and a list has hundreds. */
function dayAndTime(date: Date, inUtc: boolean): readonly [day: string, time: string] {
  const text = new Date(date.getTime() + offsetOf(date, inUtc) * 60_000).toISOString()
  return [text.slice(0, 10), text.slice(11, 23)]
}

/** In minutes, east of UTC. */
function offsetOf(date: Date, inUtc: boolean): number {
  return inUtc ? 0 : -date.getTimezoneOffset()
}
