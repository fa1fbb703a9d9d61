import { grow } from './grow.js'
import { numberIn, type Servant, startServant } from './processes.js'
import type { Probe, Sample, Side } from './row.js'

const WARM_UP_MS = 600
const SAMPLE_MS = 120
const QUICK_MS = 5
const ALLOCATING = 30_000

/** Nanoseconds that an operation of a workload takes. */
export function timed(file: string, workload: string): Side {
  return async ({ quick, folder }) => {
    const worker = startServant('worker.js', [file, workload, folder])
    await worker.ask({ milliseconds: quick ? QUICK_MS : WARM_UP_MS })
    return timedProbe(worker, quick)
  }
}

/** The same, in a process that has been through all that comes in hours, see `grow`. */
export function timedGrown(file: string, workload: string): Side {
  return async ({ quick, folder }) => {
    const worker = startServant('worker.js', [file, workload, folder], ['--expose-gc'])
    await grow(worker, (milliseconds) => worker.ask({ milliseconds }), quick)
    return timedProbe(worker, quick)
  }
}

function timedProbe(worker: Servant, quick: boolean): Probe {
  return {
    sample: async () => sampleIn(await worker.ask({ milliseconds: quick ? QUICK_MS : SAMPLE_MS })),
    close: () => worker.close(),
  }
}

/** Bytes that an operation of a workload takes from the heap, in compiled code. */
export function allocated(file: string, workload: string): Side {
  return async ({ folder }) => {
    // A young generation so large that nothing is collected while it is measured, and no compiling beside the program: so
    // that the figure is the same every time, however busy the machine is.
    const sizes = ['--min-semi-space-size=256', '--max-semi-space-size=256']
    const flags = ['--expose-gc', '--no-concurrent-recompilation', ...sizes]
    const worker = startServant('worker.js', [file, workload, folder], flags)
    await worker.ask({ operations: ALLOCATING })
    return {
      sample: async () => sampleIn(await worker.ask({ operations: ALLOCATING })),
      close: () => worker.close(),
    }
  }
}

function sampleIn(answer: Readonly<Record<string, number>>): Sample {
  const value = numberIn(answer, 'value')
  return answer['cpu'] === undefined ? { value } : { value, cpu: answer['cpu'] }
}
