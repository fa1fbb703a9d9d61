import { aroundSnapshot } from '../values/snapshot.js'
import { monotonic } from '../values/timers.js'

/** How far the wall clock may differ from ours before we set ours again, in ms. */
const MOST_DRIFT = 2

/** Minimum time between two looks at the wall clock, in ns: a look costs as much as all else that starts a trace. */
const MIN_INTERVAL = 1_000_000n
let nextCheck = 0n

/** Whether the offset is known. Not at import: to ask for it loads `node:perf_hooks`, which takes a millisecond. */
let isKnown = false
/** The time when the monotonic clock stood at 0, in nanoseconds since the Unix epoch. */
let offset = 0n
/** The same, in ms. */
let roughOffset = 0

aroundSnapshot({
  after: () => {
    nextCheck = 0n
    isKnown = false
  },
})

/** Whether the wall clock moves by itself. A clock under test may stand still; we do not wait for it twice. */
let ticks = true

/**
 * The offset for the first span of this process's part of a trace. The spans below keep it, so that a clock step does not bend
 * the trace. Compares our clock with the wall clock, at most once per millisecond, and sets ours again if they differ by more
 * than 2 ms, as they do after a laptop's sleep or a clock step.
 *
 * @param now the monotonic clock
 */
export function freshOffset(now: bigint = monotonic()): bigint {
  return now < nextCheck ? offset : checkedOffset(now)
}

function checkedOffset(now: bigint): bigint {
  nextCheck = now + MIN_INTERVAL
  if (!isKnown) {
    isKnown = true
    setOffset(offsetAtProcessStart())
  }
  // Twice, since a process that was stopped between its looks at the two clocks finds them apart.
  if (hasDrifted(now) && hasDrifted(monotonic())) setOffset(offsetAtTick())
  return offset
}

function hasDrifted(now: bigint): boolean {
  // As numbers, since adding bigints costs more than all the rest here.
  const ours = Number(now) / 1e6 + roughOffset
  // Date.now() cuts off the fraction, half a millisecond on average. With NaN the comparison is false.
  return Math.abs(wallClock() + 0.5 - ours) > MOST_DRIFT
}

/** The time, in nanoseconds since the Unix epoch. */
export function hostTime(): bigint {
  const now = monotonic()
  return now + freshOffset(now)
}

function setOffset(to: bigint): void {
  offset = to
  roughOffset = Number(to) / 1e6
}

/** The largest time that a `Date` can hold, in milliseconds: https://tc39.es/ecma262/#sec-time-values-and-time-range. */
const MAX_WALL = 8.64e15

/** Milliseconds since the Unix epoch; NaN if a test has replaced the clock by one that tells no time. */
function wallClock(): number {
  try {
    const now: unknown = Date.now()
    return typeof now === 'number' && Math.abs(now) <= MAX_WALL ? now : Number.NaN
  } catch {
    return Number.NaN
  }
}

/**
 * Exact to the microsecond, while `Date.now()` is exact to the millisecond, so that processes on one host agree. If a test has
 * replaced the clocks before, the first trace finds the time.
 */
function offsetAtProcessStart(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return Number.isFinite(microseconds) ? BigInt(microseconds) * 1000n - monotonic() : 0n
}

/**
 * Waits for the wall clock's next tick, the only moment that it shows exactly: a millisecond at most. A process that was stopped
 * between the tick and its look at the monotonic clock tries again.
 */
function offsetAtTick(): bigint {
  for (let attempt = 1; ; attempt++) {
    const wall = nextTick()
    const now = monotonic()
    // A clock that belongs to a test may tell no time by now.
    if (Number.isNaN(wall)) return offset
    if (attempt < 3 && wallClock() - wall > 1) continue
    return BigInt(Math.round(wall)) * 1_000_000n - now
  }
}

function nextTick(): number {
  const before = wallClock()
  let wall = before
  // The number of turns is limited, since both clocks may belong to a test.
  for (let turn = 0; ticks && wall === before && turn < 50_000; turn++) wall = wallClock()
  ticks = wall !== before
  return Number.isNaN(wall) ? before : wall
}
