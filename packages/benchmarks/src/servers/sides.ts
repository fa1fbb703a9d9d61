import { join } from 'node:path'
import { type Child, canPin, numberIn, startChild } from '../harness/child.js'
import type { Run, Sample, Side } from '../harness/row.js'
import { reachSteadyState } from '../harness/steady-state.js'

export type Framework = 'fastify' | 'express' | 'node'
/** What a process serves: an application, or three services of Node http that call each other, see services.ts. */
export type Application = Framework | 'services'
export type VariantName = 'bare' | 'trace' | 'all-formats' | 'unsampled' | 'held' | 'hand-written' | 'opentelemetry'
/** The headers that the load sends, see load.ts. */
export type HeadersName = 'few' | 'many' | 'hostile'

const CONNECTIONS = 50
const JUST_STARTED_WARM_UP_MS = 6_000
const SAMPLE_MS = 500
/** Of a latency, and of the bare server's rate before and after it. The machine's speed often stays the same for as long as that. */
const LATENCY_MS = 300
const BARE_MS = 100
/** By what part that rate may differ before and after: by more, and the machine's speed has changed. */
const SAME_SPEED = 0.05
/** After as many tries to find the machine at one speed, what was measured counts. */
const TRIES = 20
const QUICK_CONNECTIONS = 5
const QUICK_MS = 10
const QUICK_RATE = 10_000
/** The load for latencies, as parts of the bare server's highest rate. */
const PARTS_OF_BARE_RATE = [0.5, 0.7]
const QUANTILES = ['p50', 'p99', 'p99.9']
/** The figures of a measurement of latencies, in ms, such as `p99.9 at 50%`. */
export const LATENCIES: readonly string[] = PARTS_OF_BARE_RATE.flatMap((part) =>
  QUANTILES.map((quantile) => `${quantile} at ${part * 100}%`),
)

/** A server under load. */
export interface ServerLoad {
  readonly framework: Application
  readonly variant: VariantName
  /** Default `few`. */
  readonly headers?: HeadersName
  /** Measured as soon as it is warm. Default `false`: measured in its steady state, see `reachSteadyState`. */
  readonly isJustStarted?: boolean
  /** The handler waits for a timer, and answers 2 kB of JSON. Default `false`: it answers at once. */
  readonly isWorking?: boolean
  /** Does not sleep while requests come, see `stayAwake`. Default `false`: for a server that is measured itself. */
  readonly isAwake?: boolean
}

/** A server and its load, each in a process of its own. */
interface Pair {
  readonly server: Child
  readonly load: Child
  /** Measures the highest rate, in requests per second. */
  measure(milliseconds: number): Promise<Sample>
  /** How many requests the load has sent so far. */
  requests(): number
  close(): Promise<void>
}

/** @param folder for the file of spans */
export function startServer(
  { framework, variant, isWorking = false, isAwake = false }: ServerLoad,
  folder = '',
): Child {
  const path = join(folder, `${framework}-${variant}.yaml`)
  const args = [framework, variant, path, isWorking ? 'working' : 'empty', ...(isAwake ? ['awake'] : [])]
  return startChild(new URL('serve.js', import.meta.url), args, ['--expose-gc'])
}

const connectionsOf = ({ quick }: Run): number => (quick ? QUICK_CONNECTIONS : CONNECTIONS)

async function startPair(run: Run, serverLoad: ServerLoad): Promise<Pair> {
  const { headers = 'few', isJustStarted } = serverLoad
  const server = startServer(serverLoad, run.folder)
  const port = String(numberIn(await server.ask({}), 'port'))
  const load = startChild(new URL('load.js', import.meta.url), [port, headers])
  // Otherwise files would be written, and garbage collected, by the load's core.
  if (!run.quick && canPin()) for (const [core, child] of [server, load].entries()) child.pin(core)
  const connections = connectionsOf(run)
  let sum = 0
  const measure = async (milliseconds: number): Promise<Sample> => {
    const before = await server.ask({})
    const answer = await load.ask({ connections, milliseconds })
    const after = await server.ask({})
    const requests = numberIn(answer, 'requests')
    sum += requests
    const cpuSeconds = (numberIn(after, 'cpu') - numberIn(before, 'cpu')) / 1e6
    const others = { µs: (cpuSeconds * 1e6) / requests }
    return { value: requests / numberIn(answer, 'seconds'), cpu: requests / cpuSeconds, others }
  }
  const close = async (): Promise<void> => {
    await load.close()
    await server.close()
  }
  if (isJustStarted) await measure(run.quick ? QUICK_MS : JUST_STARTED_WARM_UP_MS)
  else await reachSteadyState(server, measure, run.quick)
  return { server, load, measure, requests: () => sum, close }
}

/**
 * Requests per second from 50 connections; another figure is `µs`, the processor time that the server's process takes for a request, all
 * its threads included. The server has a core of its own where that can be had. Throws at the end if a server that should trace has not
 * traced them all.
 *
 * @param sampleMs how long a measurement takes, in ms
 */
export function rate(serverLoad: ServerLoad, sampleMs: number = SAMPLE_MS): Side {
  const { framework, variant } = serverLoad
  return async (run) => {
    const { server, measure, requests, close } = await startPair(run, serverLoad)
    return {
      sample: () => measure(run.quick ? QUICK_MS : sampleMs),
      close: async () => {
        const spans = numberIn(await server.ask({ spans: true }), 'spans')
        await close()
        if (variant !== 'bare' && spans < requests())
          throw new Error(`${framework} ${variant}: ${spans} spans of ${requests()} requests`)
      },
    }
  }
}

/**
 * Milliseconds within which 99 of 100 requests are answered, at 70% of the bare server's highest rate; see {@link LATENCIES}. That rate is
 * measured before and after each latency, which is measured again where they differ: when the machine becomes slower, even a bare server
 * gets more requests than it can answer, and the latency is that of its queue.
 */
export function latency(framework: Framework, variant: VariantName): Side {
  return async (run) => {
    const pair = await startPair(run, { framework, variant })
    // Another process, even for the bare server: what a process does after its work would slow only those that are measured next. A smoke
    // test does not ask for its rate.
    const bare = run.quick ? undefined : await startPair(run, { framework, variant: 'bare' })
    const highestRate = async (): Promise<number> => (await bare?.measure(BARE_MS))?.value ?? QUICK_RATE
    const milliseconds = run.quick ? QUICK_MS : LATENCY_MS
    const connections = connectionsOf(run)
    const atPart = async (part: number): Promise<Record<string, number>> => {
      let before = await highestRate()
      for (let tries = 1; ; tries++) {
        const answer = await pair.load.ask({ connections, milliseconds, rate: part * before })
        const after = await highestRate()
        if (Math.abs(after / before - 1) <= SAME_SPEED || tries === TRIES) return answer
        before = after
      }
    }
    return {
      sample: async () => {
        const others: Record<string, number> = {}
        for (const part of PARTS_OF_BARE_RATE) {
          const answer = await atPart(part)
          for (const quantile of QUANTILES) others[`${quantile} at ${part * 100}%`] = numberIn(answer, quantile)
        }
        return { value: numberIn(others, 'p99 at 70%'), others }
      },
      close: async () => {
        await pair.close()
        await bare?.close()
      },
    }
  }
}
