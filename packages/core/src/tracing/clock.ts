import { aroundSnapshot } from '../values/snapshot.js'
import { monotonic } from '../values/time.js'

/** How far the wall clock may be from ours before ours is set again, in milliseconds. */
const MOST_DRIFT = 2

/** How often the wall clock is asked at most, in nanoseconds: asking costs as much as all else that starts a trace. */
const MIN_INTERVAL = 1_000_000n
let nextCheck = 0n

/** Nanoseconds since the Unix epoch at which the monotonic clock stood at 0. */
let offset = offsetAtProcessStart()
/** The same in milliseconds. */
let roughOffset = Number(offset) / 1e6

aroundSnapshot({
  after: () => {
    nextCheck = 0n
    setOffset(offsetAtProcessStart())
  },
})

/** Whether the wall clock moves by itself. One under test may stand still, and is not waited for twice. */
let ticks = true

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
  const wall = wallClock()
  // As numbers, since adding bigints costs more than all the rest here.
  const ours = Number(now) / 1e6 + roughOffset
  // Date.now() cuts off the fraction: half a millisecond on average. Nothing is far from what is no number.
  if (Math.abs(wall + 0.5 - ours) > MOST_DRIFT) setOffset(offsetAtTick(wall))
  return offset
}

/** Nanoseconds since the Unix epoch, on the clock of a trace that has this offset. */
export function timeAt(offsetOfTrace: bigint): bigint {
  return monotonic() + offsetOfTrace
}

function setOffset(to: bigint): void {
  offset = to
  roughOffset = Number(to) / 1e6
}

/** The largest time that a `Date` can hold, in milliseconds: https://tc39.es/ecma262/#sec-time-values-and-time-range. */
const MAX_WALL = 8.64e15

/** Milliseconds since the Unix epoch; NaN where what a test has put in the clock's place tells no time. */
function wallClock(): number {
  try {
    const now: unknown = Date.now()
    return typeof now === 'number' && Math.abs(now) <= MAX_WALL ? now : Number.NaN
  } catch {
    return Number.NaN
  }
}

/**
 * Exact to the microsecond, where `Date.now()` is to the millisecond, so that processes of one host agree. Where the clocks of
 * a test have been put in place before, the first trace finds the time.
 */
function offsetAtProcessStart(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return Number.isFinite(microseconds) ? BigInt(microseconds) * 1000n - monotonic() : 0n
}

/**
 * Waits, a millisecond at most, for the wall clock's next tick: the only exact moment it shows.
 *
 * @param before what the wall clock shows now
 */
function offsetAtTick(before: number): bigint {
  let wall = before
  // A bound on the turns, since both clocks may be a test's.
  for (let turn = 0; ticks && wall === before && turn < 50_000; turn++) wall = wallClock()
  ticks = wall !== before
  return BigInt(Math.round(Number.isNaN(wall) ? before : wall)) * 1_000_000n - monotonic()
}
