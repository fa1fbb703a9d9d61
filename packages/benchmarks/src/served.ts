import { join } from 'node:path'
import { grow } from './grow.js'
import { numberIn, type Servant, startServant } from './processes.js'
import type { Run, Sample, Side } from './row.js'
import { spreadOf } from './statistics.js'

export type Framework = 'fastify' | 'express' | 'node'
export type VariantName = 'bare' | 'trace' | 'all-formats' | 'hand-written' | 'opentelemetry'
/** What the load sends: see load.ts. */
export type HeadersName = 'few' | 'many' | 'hostile'

const CONNECTIONS = 50
const YOUNG_WARM_UP_MS = 6_000
const SAMPLE_MS = 500
const QUICK_MS = 100
const QUICK_RATE = 1_000
/** Of the bare server's highest rate. */
const RATE_FOR_LATENCY = 0.7

/** A server, and what is asked of it. */
export interface Served {
  readonly framework: Framework
  readonly variant: VariantName
  /** Default `few`. */
  readonly headers?: HeadersName
  /** Whether it has just become warm; default is that it has been through all that comes in hours, see `grow`. */
  readonly isYoung?: boolean
}

interface Pair {
  readonly server: Servant
  readonly load: Servant
  /** Asks for as much as the server gives. */
  measure(milliseconds: number): Promise<Sample>
  /** So far. */
  requests(): number
  close(): Promise<void>
}

/** A server and what loads it, each in a process of its own. */
async function startPair(run: Run, served: Served): Promise<Pair> {
  const { framework, variant, headers = 'few', isYoung = false } = served
  const path = join(run.folder, `${framework}-${variant}.yaml`)
  const server = startServant('server.js', [framework, variant, path], ['--expose-gc'])
  const load = startServant('load.js', [String(numberIn(await server.ask({}), 'port')), headers])
  let sum = 0
  const measure = async (milliseconds: number): Promise<Sample> => {
    const before = await server.ask({})
    const answer = await load.ask({ connections: CONNECTIONS, milliseconds })
    const after = await server.ask({})
    const requests = numberIn(answer, 'requests')
    sum += requests
    const cpuSeconds = (numberIn(after, 'cpu') - numberIn(before, 'cpu')) / 1e6
    return { value: requests / numberIn(answer, 'seconds'), cpu: requests / cpuSeconds }
  }
  const close = async (): Promise<void> => {
    await load.close()
    await server.close()
  }
  if (isYoung) await measure(run.quick ? QUICK_MS : YOUNG_WARM_UP_MS)
  else await grow(server, measure, run.quick)
  return { server, load, measure, requests: () => sum, close }
}

/** Requests a second, of a server that has nothing else to do, from 50 connections; then whether it did trace them. */
export function rate(served: Served): Side {
  const { framework, variant } = served
  return async (run) => {
    const { server, measure, requests, close } = await startPair(run, served)
    return {
      sample: () => measure(run.quick ? QUICK_MS : SAMPLE_MS),
      close: async () => {
        const spans = numberIn(await server.ask({ spans: true }), 'spans')
        await close()
        if (variant !== 'bare' && spans < requests())
          throw new Error(`${framework} ${variant}: ${spans} spans of ${requests()} requests`)
      },
    }
  }
}

/** Milliseconds within which 99 of 100 requests are answered, at a part of the rate that the bare server can take. */
export function p99(framework: Framework, variant: VariantName): Side {
  return async (run) => {
    const { load, close } = await startPair(run, { framework, variant })
    const most = await bareRate(run, framework)
    const milliseconds = run.quick ? QUICK_MS : 2 * SAMPLE_MS
    return {
      sample: async () => {
        const answer = await load.ask({ connections: CONNECTIONS, milliseconds, rate: RATE_FOR_LATENCY * most })
        return { value: numberIn(answer, 'p99') }
      },
      close,
    }
  }
}

const bareRates = new Map<Framework, number>()

/** One for the run, so that all sides are asked for the same. */
async function bareRate(run: Run, framework: Framework): Promise<number> {
  if (run.quick) return QUICK_RATE
  const known = bareRates.get(framework)
  if (known !== undefined) return known
  const bare = await startPair(run, { framework, variant: 'bare' })
  const rates: number[] = []
  while (rates.length < 3) rates.push((await bare.measure(SAMPLE_MS)).value)
  await bare.close()
  const { median } = spreadOf(rates)
  bareRates.set(framework, median)
  return median
}
