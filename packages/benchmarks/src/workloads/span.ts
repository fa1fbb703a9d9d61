import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'
import { type ActiveSpan, createTracer, span, type Tracer } from '@trace/core'
import { assertNone, nullRecorder } from '../null-recorder.js'
import { startOpenTelemetry } from '../opentelemetry.js'
import { repeat, type Workload, type WorkloadFactory } from '../workload.js'

/** Below what either queue holds or sends at once, so that none is dropped. */
const SPANS = 500

let sink = 0

function nothing(): void {
  sink++
}

function recordedBy(tracer: Tracer, workload: Workload): Workload {
  return { ...workload, verify: () => assertNone(tracer.stats().dropped) }
}

function traceSpan(): Workload {
  const tracer = createTracer({ recorder: nullRecorder() })
  return recordedBy(
    tracer,
    repeat(SPANS, () => tracer.trace('task', 'nothing', nothing)),
  )
}

function traceChild(): Workload {
  const tracer = createTracer({ recorder: nullRecorder() })
  const child = (): void => span('db', 'load user', addData)
  return recordedBy(tracer, insideTrace(tracer, child))
}

/** A request with one thing done in it, recorded or not. */
function traceOfTwo(isSampled: boolean): Workload {
  const tracer = createTracer({ recorder: nullRecorder(), sample: () => isSampled })
  const child = (): void => span('db', 'load user', nothing)
  return recordedBy(
    tracer,
    repeat(SPANS / 2, () => tracer.trace('request', 'GET /users/:id', child)),
  )
}

/** What carries a trace through a program at least. */
function contextOnly(): Workload {
  const context = new AsyncLocalStorage<object>()
  const store = {}
  return repeat(SPANS / 2, () => context.run(store, nothing))
}

function insideTrace(tracer: Tracer, fn: () => void): Workload {
  const parent = tracer.start('task', 'parent', { root: true })
  const { operations, slice } = repeat(SPANS, fn)
  return { operations, slice: () => parent.run(slice) }
}

function addData({ data }: ActiveSpan): void {
  data['rows'] = sink++
  data['table'] = 'users'
}

function opentelemetrySpan(): Workload {
  const { provider, exported } = startOpenTelemetry()
  const tracer = provider.getTracer('benchmark')
  let started = 0
  const once = (): void => {
    started++
    tracer.startActiveSpan('nothing', (active) => {
      nothing()
      active.end()
    })
  }
  // A batch may still be waiting for its turn.
  return { ...repeat(SPANS, once), verify: () => assertNone(Math.max(0, started - exported() - 2048)) }
}

function opentelemetryChild(): Workload {
  const { provider, exported } = startOpenTelemetry()
  const tracer = provider.getTracer('benchmark')
  let started = 0
  const child = (): void => {
    started++
    tracer.startActiveSpan('load user', (active) => {
      active.setAttribute('rows', sink++)
      active.setAttribute('table', 'users')
      active.end()
    })
  }
  const { operations, slice } = repeat(SPANS, child)
  return {
    operations,
    slice: () => tracer.startActiveSpan('parent', () => slice()),
    verify: () => assertNone(Math.max(0, started - exported() - 2048)),
  }
}

interface HandWritten {
  readonly id: bigint
  readonly trace: bigint
  readonly start: bigint
  finish: bigint
}

/** The least that anything called a span needs. */
function floor(): Workload {
  const context = new AsyncLocalStorage<HandWritten>()
  const ids = new BigUint64Array(1_024)
  let next = ids.length
  const id = (): bigint => {
    if (next === ids.length) {
      randomFillSync(ids)
      next = 0
    }
    return ids[next++] ?? 0n
  }
  let last: HandWritten | undefined
  const once = (): void => {
    const active: HandWritten = { id: id(), trace: id(), start: process.hrtime.bigint(), finish: 0n }
    context.run(active, nothing)
    active.finish = process.hrtime.bigint()
    last = active
  }
  return {
    ...repeat(SPANS, once),
    verify: () => {
      if (last === undefined) throw new Error('no span was made')
    },
  }
}

/** Calls that cost nanoseconds need more of them a turn of the event loop. */
const CALLS = 20_000

function outside(): Workload {
  return repeat(CALLS, () => span('db', 'load user', nothing))
}

function bareCall(): Workload {
  return repeat(CALLS, nothing)
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  trace: traceSpan,
  child: traceChild,
  sampled: () => traceOfTwo(true),
  unsampled: () => traceOfTwo(false),
  context: contextOnly,
  opentelemetry: opentelemetrySpan,
  'opentelemetry-child': opentelemetryChild,
  floor,
  outside,
  bare: bareCall,
}
