import { setImmediate as turn } from 'node:timers/promises'

/** Something to measure, in a process of its own. */
export interface Workload {
  /** How many operations a slice does: enough to take about a tenth of a millisecond or more. */
  readonly operations: number
  /** Runs before a slice, and is not measured. */
  prepare?(): void | Promise<void>
  /** The event loop turns after each slice, so that deferred work is done too, and counts. */
  slice(): void | Promise<void>
  /** Throws if not everything was done that should have been. */
  verify?(): void
}

/** @param folder of the run, for files */
export type WorkloadFactory = (folder: string) => Workload | Promise<Workload>

/** A workload whose slice calls a function over and over. */
export function repeat(operations: number, fn: () => void): Workload {
  return {
    operations,
    slice: () => {
      for (let done = 0; done < operations; done++) fn()
    },
  }
}

/**
 * Runs slices until the time is over, and at least one.
 *
 * @returns nanoseconds that one operation takes: `value` by the wall clock, `cpu` by processor time
 */
export async function runFor(workload: Workload, milliseconds: number): Promise<{ value: number; cpu: number }> {
  let operations = 0
  let elapsed = 0
  let microseconds = 0
  do {
    if (workload.prepare !== undefined) await workload.prepare()
    const cpuBefore = process.cpuUsage()
    const start = performance.now()
    do {
      await workload.slice()
      await turn()
      operations += workload.operations
    } while (workload.prepare === undefined && performance.now() - start < milliseconds)
    elapsed += performance.now() - start
    const { user, system } = process.cpuUsage(cpuBefore)
    microseconds += user + system
  } while (elapsed < milliseconds)
  workload.verify?.()
  return { value: (elapsed * 1e6) / operations, cpu: (microseconds * 1000) / operations }
}

/** How much longer than asked for a workload warms up at most: it may wait for others, or the machine may be busy. */
const MAX_WAITING = 10

/** Runs slices until the process itself has worked for so long: until then, V8 may not have compiled what is measured. */
export async function warmUp(workload: Workload, milliseconds: number): Promise<void> {
  const [before, start] = [process.cpuUsage(), performance.now()]
  const worked = (): number => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  while (worked() < milliseconds && performance.now() - start < MAX_WAITING * milliseconds) await runFor(workload, 1)
}

/**
 * Bytes that one operation allocates on the heap. The process needs a young generation that holds all of them.
 *
 * @throws {Error} without Node's option `--expose-gc`
 */
export async function bytesOf(workload: Workload, operations: number): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('measuring allocations takes the option --expose-gc')
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  let done = 0
  for (; done < operations; done += workload.operations) {
    await workload.slice()
    await turn()
  }
  return (process.memoryUsage().heapUsed - before) / done
}
