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
  const timeZone = isUtc() ? 'UTC' : undefined
  const time = date.toLocaleTimeString('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  })
  const day = dayOf(date, timeZone)
  return day === dayOf(new Date(), timeZone) ? time : `${day} ${time}`
}

/** Such as `2026-11-28T16:03:24.123456789Z`, or with the zone's offset; with all digits that are stored. */
export function fullTime(nanoseconds: bigint, inUtc: boolean): string {
  const date = dateOf(nanoseconds)
  if (date === undefined) return `${nanoseconds} ns`
  const fraction = String(((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0')
  const offset = inUtc ? 0 : -date.getTimezoneOffset()
  const shifted = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)
  const sign = offset < 0 ? '-' : '+'
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  const zone = offset === 0 ? 'Z' : `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
  return `${shifted}.${fraction}${zone}`
}

/** What a file holds may be any number, and no date. */
function dateOf(nanoseconds: bigint): Date | undefined {
  const date = new Date(Number(nanoseconds / 1_000_000n))
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Such as 2026-11-28. */
function dayOf(date: Date, timeZone: string | undefined): string {
  return date.toLocaleDateString('sv-SE', { timeZone })
}
