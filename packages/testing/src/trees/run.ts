import { setTimeout as sleep } from 'node:timers/promises'
import { createTracer, type Span, type Tracer, type TracerOptions } from '@trace/core'
import { eachOnce } from '@trace/core/store'

/** Options of {@link runTraced}: those of `createTracer`, which records into the result here. */
export interface RunOptions extends Omit<TracerOptions, 'recorder'> {
  /** How long spans may stay open after the function, as those of `go` do, in ms. Default 5,000. */
  readonly timeout?: number
}

/** The result of {@link runTraced}. */
export interface TracedRun<Result> {
  /** What the function has returned or resolved with. */
  readonly result: Result
  /** All spans that its tracer has recorded, in the order in which they finished. */
  readonly spans: readonly Span[]
}

/** 2026-01-01T00:00:00Z */
const START = 1_767_225_600_000_000_000n
const STEP = 1_000_000n

/** Ids for a tracer of a test: 1n, 2n, 3n, and so on. @param first the first one */
export function countingIds(first: bigint = 1n): () => bigint {
  let next = first
  return () => next++
}

/**
 * A clock for a tracer of a test: each time somebody looks, a millisecond has passed.
 *
 * @param start the first time, in nanoseconds since the Unix epoch. Default 2026-01-01T00:00:00Z
 * @param step how much passes from look to look, in nanoseconds. Default 1,000,000n
 */
export function tickingClock(start: bigint = START, step: bigint = STEP): () => bigint {
  let next = start
  return () => {
    const now = next
    next += step
    return now
  }
}

/**
 * Runs a function under a tracer of its own, waits until all spans have finished, and gives them back. Ids count from 1n, and a clock
 * ticks from 2026 on: if the function does the same, the spans are the same in every run.
 *
 * Rejects with what the function throws or rejects with, and with an `Error` if spans stay open, or were lost.
 *
 * @param fn gets the tracer. What code without a tracer does, by `span(…)`, is recorded within `tracer.trace(…)`
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export async function runTraced<Result>(
  fn: (tracer: Tracer) => Result,
  { timeout = 5_000, ...options }: RunOptions = {},
): Promise<TracedRun<Awaited<Result>>> {
  const records: Span[] = []
  const recorder = { name: 'runTraced', record: (spans: readonly Span[]) => void records.push(...spans) }
  const ids = countingIds()
  const clock = tickingClock()
  const roomy = { buffer: 1_000_000, bufferBytes: 1_000_000_000 }
  const tracer = createTracer({ service: 'test', process: 'test:1@test', ids, clock, ...roomy, ...options, recorder })
  try {
    const result = await fn(tracer)
    await allFinished(tracer, timeout)
    return { result, spans: eachOnce(records) }
  } finally {
    await tracer.close()
  }
}

async function allFinished(tracer: Tracer, timeout: number): Promise<void> {
  const waiting = new AbortController()
  // Aborted, the wait rejects.
  const patience = sleep(timeout, undefined, { signal: waiting.signal }).catch(() => {})
  await Promise.race([tracer.idle(), patience])
  waiting.abort()
  await tracer.flush()
  const { open, dropped, failed } = tracer.stats()
  if (open > 0) {
    throw new Error(`runTraced: ${spansAre(open)} open ${timeout} ms after the function; finish them, or set a timeout`)
  }
  const lost = dropped + failed
  if (lost > 0) throw new Error(`runTraced: ${spansAre(lost)} lost; let runTraced close the tracer`)
}

function spansAre(count: number): string {
  return count === 1 ? '1 span is' : `${count} spans are`
}
