import { AsyncLocalStorage } from 'node:async_hooks'
import { createTracer, type Tracer } from '@trace/core'
import { traceClients, tracedFetch } from '@trace/http/client'
import { numberIn } from '../harness/child.js'
import { startServer } from '../servers/sides.js'
import { assertNone, nullRecorder } from './recorders.js'
import type { Workload, WorkloadFactory } from './workload.js'

const REQUESTS_AT_ONCE = 20

/** As long as what a client span's ids are sent as. */
const ID_HEADER = { 'X-Request-Id': '4578345983457834598:1884535983457834598' }

/**
 * Sends requests to a server in a process of its own, several at once. The server does not sleep meanwhile: otherwise each request of a side that
 * takes longer pays for waking it, which those of a quick side do not.
 */
async function fetching(fetchOne: (url: string) => Promise<Response>): Promise<Workload> {
  const server = startServer({ framework: 'node', variant: 'bare', isAwake: true })
  const url = `http://127.0.0.1:${numberIn(await server.ask({}), 'port')}/users/42`
  return {
    operations: REQUESTS_AT_ONCE,
    slice: async () => {
      await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, async () => (await fetchOne(url)).text()))
    },
  }
}

/** What the context of any tracer costs. Before Node 24 a hook runs for every promise that fetch makes. */
async function inContext(fetchOne: (url: string) => Promise<Response>): Promise<Workload> {
  const context = new AsyncLocalStorage<object>()
  const { operations, slice } = await fetching(fetchOne)
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
  context: () => inContext(fetch),
  'context and header': () => inContext((url) => fetch(url, { headers: ID_HEADER })),
  trace: () =>
    traced((tracer) => {
      traceClients(tracer)
      return fetch
    }),
  'traced fetch': () => traced((tracer) => tracedFetch(tracer)),
}
