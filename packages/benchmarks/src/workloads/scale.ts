import { type ActiveSpan, createTracer } from '@trace/core'
import { assertNone, heldRecorder, nullRecorder } from './recorders.js'
import type { Workload, WorkloadFactory } from './workload.js'

const nothing = (): void => {}

/** Starts and finishes spans while a number of others stay open. */
function withOpen(count: number): Workload {
  const tracer = createTracer({ recorder: nullRecorder() })
  const once = (): void => tracer.trace('task', 'nothing', nothing)
  const open: ActiveSpan[] = []
  while (open.length < count) open.push(tracer.start('task', 'open', { root: true }))
  return {
    operations: 500,
    slice: () => {
      for (let done = 0; done < 500; done++) once()
    },
    verify: () => {
      assertNone(tracer.stats().dropped)
      if (tracer.stats().open !== open.length) throw new Error(`expected ${open.length} open spans`)
    },
  }
}

const SLICE = 100

/** Queues spans behind a number of others, which wait for a batch that the recorder does not finish. */
function withQueued(count: number): Workload {
  // The queue may grow by a tenth, so that a large one is not filled again for every slice.
  const most = count + Math.max(SLICE, count / 10)
  const { recorder, hold, release } = heldRecorder()
  const tracer = createTracer({ recorder, buffer: 2 * most, bufferBytes: most * 1_000 })
  const once = (): void => tracer.trace('task', 'nothing', nothing)
  const queued = (): number => tracer.stats().queued + tracer.stats().inFlight
  return {
    operations: SLICE,
    prepare: async () => {
      if (queued() > 0 && queued() + SLICE <= most) return
      release()
      await tracer.flush()
      hold()
      while (queued() < count) once()
    },
    slice: () => {
      for (let done = 0; done < SLICE; done++) once()
    },
    verify: () => assertNone(tracer.stats().dropped),
  }
}

const SIZES = [1, 100, 10_000, 1_000_000]

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  ...Object.fromEntries(SIZES.map((size) => [`open-${size}`, () => withOpen(size)])),
  ...Object.fromEntries(SIZES.map((size) => [`queued-${size}`, () => withQueued(size)])),
}
