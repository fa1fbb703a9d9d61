import { type Child, numberIn, startChild } from '../harness/child.js'
import type { Probe, Sample, Side } from '../harness/row.js'
import { reachSteadyState } from '../harness/steady-state.js'

const WARM_UP_MS = 600
const SAMPLE_MS = 120
/** Some ten turns of several hundred queries. */
const PARTS_MS = 1_000
const QUICK_MS = 5
const ALLOCATING_OPERATIONS = 30_000

/**
 * Nanoseconds that one operation of a workload takes.
 *
 * @param file in this folder, without its extension
 * @param warmUp for how long its process works before, in ms
 */
export function timed(file: string, workload: string, warmUp: number = WARM_UP_MS): Side {
  return async ({ quick, folder }) => {
    const of = `${file} ${workload}`
    const worker = quick && !ALONE.test(of) ? sharedWorker(of, folder) : startWorker(of, folder)
    if (!quick) await worker.ask({ warmUp })
    return timedProbe(worker, quick)
  }
}

/** The same, in a process in its steady state, see `reachSteadyState`. */
export function timedInSteadyState(file: string, workload: string): Side {
  return async ({ quick, folder }) => {
    const worker = startWorker(`${file} ${workload}`, folder, ['--expose-gc'])
    await reachSteadyState(worker, (milliseconds) => worker.ask({ milliseconds }), quick)
    return timedProbe(worker, quick)
  }
}

function timedProbe(worker: Child, quick: boolean): Probe {
  return {
    sample: async () => sampleIn(await worker.ask({ milliseconds: quick ? QUICK_MS : SAMPLE_MS })),
    close: () => worker.close(),
  }
}

/**
 * Nanoseconds of processor time that the span of a query takes, of a library that tells of its calls only if it is asked to. The others are
 * `telling`, what that takes it itself; `child`, what a child span takes; `times`, the span's part of that; and `whole`, that of both. All in one process: how V8
 * has compiled the library differs by more than these from one process to the next.
 */
export function partsOfQuery(library: string, warmUp: number): Side {
  return async ({ folder, quick }) => {
    const child = startChild(new URL('parts.js', import.meta.url), [library, folder])
    if (!quick) await child.ask({ warmUp })
    return {
      sample: async () => {
        const others = await child.ask({ milliseconds: quick ? QUICK_MS : PARTS_MS })
        return { value: numberIn(others, 'span'), others }
      },
      close: () => child.close(),
    }
  }
}

/** Bytes that one operation of a workload allocates on the heap, in compiled code. */
export function allocated(file: string, workload: string): Side {
  return async ({ folder }) => {
    // The young generation is so large that nothing is collected during the measurement, and nothing is compiled in
    // parallel. So the figure is the same every time, however busy the machine is.
    const sizes = ['--min-semi-space-size=256', '--max-semi-space-size=256']
    const flags = ['--expose-gc', '--no-concurrent-recompilation', ...sizes]
    const worker = startWorker(`${file} ${workload}`, folder, flags)
    await worker.ask({ operations: ALLOCATING_OPERATIONS })
    return {
      sample: async () => sampleIn(await worker.ask({ operations: ALLOCATING_OPERATIONS })),
      close: () => worker.close(),
    }
  }
}

/** Megabytes on the heap of a process that has recorded this number of spans. */
export function heapAfter(spans: number): Side {
  return async () => {
    const child = startChild(new URL('heap.js', import.meta.url), [], ['--expose-gc'])
    return {
      sample: async () => ({ value: numberIn(await child.ask({ spans }), 'heap') / 1e6 }),
      close: () => child.close(),
    }
  }
}

/**
 * Milliseconds of processor time that the longest turn of the event loop takes in a process with this number of open spans, without
 * collections of garbage. The others are the same while its tracer is closed, and by the clock, and the longest collection.
 *
 * @param recording whether the spans are recorded as open
 */
export function longestTurn(spans: number, recording: boolean): Side {
  return async ({ folder, quick }) => {
    const child = startChild(new URL('turns.js', import.meta.url), [folder])
    return {
      sample: async () => {
        const answer = await child.ask({ spans, recording: recording ? 1 : 0, rest: quick ? 1 : 0 })
        return { ...sampleIn(answer), others: answer }
      },
      close: () => child.close(),
    }
  }
}

function startWorker(of: string, folder: string, flags: readonly string[] = []): Child {
  const child = startChild(new URL('worker.js', import.meta.url), [folder], flags)
  return { ...child, ask: (question) => child.ask({ ...question, of }) }
}

/** What changes its whole process, or what others import. */
const ALONE = /^(?:query|fetch|dynamo) |opentelemetry|bridge/

let shared: Child | undefined
let lastAnswer: Promise<unknown> = Promise.resolve()

/** A smoke test runs most workloads in one process: most of its time would go into starting one for each. */
function sharedWorker(of: string, folder: string): Child {
  shared ??= startChild(new URL('worker.js', import.meta.url), [folder])
  const child = shared
  const ask: Child['ask'] = (question) => {
    const answer = lastAnswer.then(() => child.ask({ ...question, of }))
    lastAnswer = answer.catch(() => {})
    return answer
  }
  return { ...child, ask, close: async () => {} }
}

/** Ends the process that the workloads of a smoke test share. */
export async function stopSharedWorker(): Promise<void> {
  await shared?.close()
  shared = undefined
}

function sampleIn(answer: Readonly<Record<string, number>>): Sample {
  const value = numberIn(answer, 'value')
  return answer['cpu'] === undefined ? { value } : { value, cpu: answer['cpu'] }
}
