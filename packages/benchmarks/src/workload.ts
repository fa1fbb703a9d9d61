import { setImmediate as turn } from 'node:timers/promises'

/** Something to be measured, in a process of its own. */
export interface Workload {
  /** How many operations a slice does: enough to take about a tenth of a millisecond or more. */
  readonly operations: number
  /** What is needed before a slice, and not measured. */
  prepare?(): void | Promise<void>
  /** The event loop turns after each, so that what was put off gets done, and is part of the cost. */
  slice(): void | Promise<void>
  /** Throws where not all was done that should have been. */
  verify?(): void
}

export type WorkloadFactory = (folder: string) => Workload | Promise<Workload>

/** Calls a function over and over. */
export function repeat(operations: number, fn: () => void): Workload {
  return {
    operations,
    slice: () => {
      for (let done = 0; done < operations; done++) fn()
    },
  }
}

/** Runs slices for so long, and at least one: nanoseconds an operation, by the wall's clock and by the processor's. */
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

/** Bytes that an operation takes from the heap; the process has to have a young generation that holds all of them. */
export async function bytesOf(workload: Workload, operations: number): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('allocation is measured with --expose-gc')
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  let done = 0
  for (; done < operations; done += workload.operations) {
    await workload.slice()
    await turn()
  }
  return (process.memoryUsage().heapUsed - before) / done
}
