import type { TimeInput } from '@opentelemetry/api'

/**
 * A time as the API takes it: seconds and nanoseconds, a date, or milliseconds; those are since the Unix epoch, or since the process
 * started, as `performance.now()` tells them.
 *
 * @returns nanoseconds since the Unix epoch; undefined for anything else
 */
export function nanosecondsOf(time: unknown): bigint | undefined {
  if (typeof time === 'number') {
    // The same rule as that of OpenTelemetry's SDK.
    return ofMilliseconds(time <= performance.now() ? performance.timeOrigin + time : time)
  }
  if (time instanceof Date) return ofMilliseconds(time.getTime())
  if (!isHrTime(time)) return undefined
  const [seconds, nanoseconds] = time
  return BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.round(nanoseconds))
}

export function isTime(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || isHrTime(value)
}

function isHrTime(value: unknown): value is [seconds: number, nanoseconds: number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)
}

function ofMilliseconds(milliseconds: number): bigint | undefined {
  if (!Number.isFinite(milliseconds)) return undefined
  const whole = Math.trunc(milliseconds)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6))
}
