import { AsyncLocalStorage } from 'node:async_hooks'
import { createTracer, type Tracer } from '@trace/core'
import { traceClients, tracedFetch } from '@trace/http/client'
import { numberIn } from '../harness/child.js'
import { startServer } from '../servers/sides.js'
import { assertNone, nullRecorder } from './recorders.js'
import type { Workload, WorkloadFactory } from './workload.js'

const REQUESTS_AT_ONCE = 20

/** Sends requests to a server in a process of its own, several at once. */
async function fetching(fetchOne: typeof fetch): Promise<Workload> {
  const server = startServer({ framework: 'node', variant: 'bare' })
  const url = `http://127.0.0.1:${numberIn(await server.ask({}), 'port')}/users/42`
  return {
    operations: REQUESTS_AT_ONCE,
    slice: async () => {
      await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, async () => (await fetchOne(url)).text()))
    },
  }
}

/** What the context of any tracer costs. Before Node 24 a hook runs for every promise that fetch makes. */
async function inContext(): Promise<Workload> {
  const context = new AsyncLocalStorage<object>()
  const { operations, slice } = await fetching(fetch)
  return { operations, slice: () => context.run({}, slice) }
}

/** @param fetchOf returns the function to fetch with */
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
