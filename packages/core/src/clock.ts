/** Nanoseconds from some moment on, never running backwards. */
export const monotonic: () => bigint = process.hrtime.bigint

/** How far the wall clock may be from ours before ours is set again, in milliseconds. */
const MOST_DRIFT = 2

/** How often the wall clock is asked at most, in nanoseconds: asking costs as much as all else that starts a trace. */
const MIN_INTERVAL = 1_000_000n
let nextCheck = 0n

/** Nanoseconds since the Unix epoch at which the monotonic clock stood at 0. */
let offset = offsetAtProcessStart()
/** The same in milliseconds. */
let roughOffset = Number(offset) / 1e6

/**
 * The offset for the first span of this process's part of a trace: all its spans keep it, so that a clock step in between
 * bends none of them. Compares the wall clock, once a millisecond at most, and sets ours anew where they differ by more
 * than 2 ms: after a laptop's sleep or a clock step.
 *
 * @param now by the monotonic clock
 */
export function freshOffset(now: bigint = monotonic()): bigint {
  if (now < nextCheck) return offset
  nextCheck = now + MIN_INTERVAL
  // As numbers, since adding bigints costs more than all the rest here.
  const ours = Number(now) / 1e6 + roughOffset
  // Date.now() cuts off the fraction: half a millisecond on average.
  if (Math.abs(Date.now() + 0.5 - ours) > MOST_DRIFT) {
    offset = offsetAtNextTick()
    roughOffset = Number(offset) / 1e6
  }
  return offset
}

/** Nanoseconds since the Unix epoch, on the clock of a trace that has this offset. */
export function timeAt(offsetOfTrace: bigint): bigint {
  return monotonic() + offsetOfTrace
}

/** Exact to the microsecond, where `Date.now()` is to the millisecond, so that processes of one host agree. */
function offsetAtProcessStart(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return BigInt(microseconds) * 1000n - monotonic()
}

/** Waits, a millisecond at most, for the wall clock's next tick: the only exact moment it shows. */
function offsetAtNextTick(): bigint {
  const before = Date.now()
  let wall = before
  // A bound on the turns, since a clock under test may stand still.
  for (let turn = 0; wall === before && turn < 50_000; turn++) wall = Date.now()
  return BigInt(wall) * 1_000_000n - monotonic()
}
