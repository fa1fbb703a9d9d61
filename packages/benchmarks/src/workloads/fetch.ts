import { AsyncLocalStorage } from 'node:async_hooks'
import { createTracer, type Tracer } from '@trace/core'
import { traceClients, tracedFetch } from '@trace/http/client'
import { assertNone, nullRecorder } from '../null-recorder.js'
import { numberIn, startServant } from '../processes.js'
import type { Workload, WorkloadFactory } from '../workload.js'

const AT_ONCE = 20

/** Requests to a server in a process of its own, several under way at once. */
async function fetching(fetchOne: typeof fetch): Promise<Workload> {
  const server = startServant('server.js', ['node', 'bare', ''])
  const url = `http://127.0.0.1:${numberIn(await server.ask({}), 'port')}/users/42`
  return {
    operations: AT_ONCE,
    slice: async () => {
      await Promise.all(Array.from({ length: AT_ONCE }, async () => (await fetchOne(url)).text()))
    },
  }
}

/** What any tracer's context costs: before Node 24, every promise that fetch makes is told of by a hook. */
async function inContext(): Promise<Workload> {
  const context = new AsyncLocalStorage<object>()
  const { operations, slice } = await fetching(fetch)
  return { operations, slice: () => context.run({}, slice) }
}

/** @param fetchOf gives what to fetch by */
async function traced(fetchOf: (tracer: Tracer) => typeof fetch): Promise<Workload> {
  const tracer = createTracer({ recorder: nullRecorder() })
  const { operations, slice } = await fetching(fetchOf(tracer))
  return {
    operations,
    slice: () => tracer.trace('task', 'fetch', slice),
    verify: () => {
      assertNone(tracer.stats().dropped)
      if (tracer.stats().started === 0) throw new Error('no span was made')
    },
  }
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  bare: () => fetching(fetch),
  context: inContext,
  trace: () =>
    traced((tracer) => {
      traceClients(tracer)
      return fetch
    }),
  'traced fetch': () => traced((tracer) => tracedFetch(tracer)),
}
