import { type ActiveSpan, createTracer, type Tracer } from '@trace/core'
import { startOpenTelemetry } from '../harness/opentelemetry.js'
import { libraries } from './libraries.js'
import type { Ask, Library } from './library.js'
import { assertNone, nullRecorder } from './recorders.js'
import type { Workload, WorkloadFactory } from './workload.js'

/** Fewer than OpenTelemetry exports at once, so that no span is dropped. */
export const QUERIES = 200

/** Asks as often in one slice. */
export function asking({ atOnce }: Library, ask: Ask): Pick<Workload, 'operations'> & { slice(): Promise<void> } {
  return {
    operations: QUERIES,
    slice: async () => {
      for (let id = 0; id < QUERIES; id += atOnce) {
        if (atOnce === 1) await ask(id)
        else await Promise.all(Array.from({ length: atOnce }, (_, at) => ask(id + at)))
      }
    },
  }
}

/**
 * Queries below a span that stays open.
 *
 * @param spans how many spans a query has
 */
async function insideTrace(
  library: Library,
  spans: number,
  askOf: (tracer: Tracer) => Promise<Ask>,
): Promise<Workload> {
  const tracer = createTracer({ recorder: nullRecorder() })
  const { operations, slice } = asking(library, await askOf(tracer))
  const parent = tracer.start('task', 'parent', { root: true })
  let asked = tracer.stats().started
  return {
    operations,
    slice: () => {
      asked += QUERIES * spans
      return parent.run(slice)
    },
    verify: () => {
      const { dropped, started } = tracer.stats()
      assertNone(dropped)
      if (started !== asked) throw new Error(`${asked} spans were expected, and ${started} recorded`)
    },
  }
}

/** Each query in a child span with two data values. */
export function inChildSpans(tracer: Tracer, ask: Ask): Ask {
  const query = async ({ data }: ActiveSpan, id: number): Promise<unknown> => {
    data['rows'] = id
    data['table'] = 'users'
    return ask(id)
  }
  return (id) => tracer.span('db', 'load user', async (span) => query(span, id))
}

/** Queries in spans of OpenTelemetry's instrumentation, below one that stays open. */
async function instrumented(library: Library, folder: string): Promise<Workload> {
  const { provider, exported } = await startOpenTelemetry()
  await library.instrument?.()
  const { operations, slice } = asking(library, await library.open(folder))
  let asked = 0
  const tracer = provider.getTracer('benchmark')
  return {
    operations,
    slice: () => {
      asked += QUERIES
      return tracer.startActiveSpan('parent', () => slice())
    },
    // Up to as many as `BatchSpanProcessor` queues by default (`maxQueueSize`) may still wait.
    verify: () => {
      if (exported() < asked - 2_048) throw new Error(`${asked} spans were expected, and ${exported()} exported`)
    },
  }
}

function sidesOf(name: string, library: Library): [string, WorkloadFactory][] {
  return [
    [`${name} bare`, async (folder) => asking(library, await library.open(folder))],
    [
      `${name} child`,
      (folder) => insideTrace(library, 1, async (tracer) => inChildSpans(tracer, await library.open(folder))),
    ],
    [`${name} traced`, (folder) => insideTrace(library, library.spans ?? 1, (tracer) => library.open(folder, tracer))],
    [`${name} opentelemetry`, (folder) => instrumented(library, folder)],
  ]
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = Object.fromEntries(
  Object.entries(libraries).flatMap(([name, library]) => sidesOf(name, library)),
)
