import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tracer as TracerOfApi } from '@opentelemetry/api'
import { type ActiveSpan, createTracer, type KeepOptions, span, type Tracer, type TracerOptions } from '@trace/core'
import { yamlRecorder } from '@trace/yamlrec'
import { startOpenTelemetry } from '../harness/opentelemetry.js'
import { floor, heldFloor } from './floors.js'
import { assertNone, nullRecorder } from './recorders.js'
import { repeat, type Workload, type WorkloadFactory } from './workload.js'

/** Fewer than either queue holds, and than OpenTelemetry exports at once, so that no span is dropped. */
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

/** A request with one operation in it, sampled or not. */
function traceOfTwo(isSampled: boolean): Workload {
  const tracer = createTracer({ recorder: nullRecorder(), sample: () => isSampled })
  const child = (): void => span('db', 'load user', nothing)
  return recordedBy(
    tracer,
    repeat(SPANS / 2, () => tracer.trace('request', 'GET /users/:id', child)),
  )
}

/** The same in a tracer that keeps failed and slow traces, of which these are none. */
function traceLetGo(keep: KeepOptions): Workload {
  const tracer = createTracer({ recorder: nullRecorder(), sample: () => false, keep })
  const child = (): void => span('db', 'load user', nothing)
  const workload = repeat(SPANS / 2, () => tracer.trace('request', 'GET /users/:id', child))
  return { ...workload, verify: () => assertNone(tracer.stats().started - tracer.stats().unsampled) }
}

/** Spans below one that stays open. @param options of the tracer that the row compares */
function childOf(options: Partial<TracerOptions>): Workload {
  const tracer = createTracer({ recorder: nullRecorder(), ...options })
  const child = (): void => span('db', 'load user', nothing)
  return recordedBy(tracer, insideTrace(tracer, child))
}

/** One span in a file, and the ledger after it, which a tracer records when it is closed. */
function recordingLedger(folder: string, ledger: boolean): Workload {
  const path = join(folder, `ledger-${ledger}.yaml`)
  return {
    operations: 1,
    slice: async () => {
      const tracer = createTracer({ recorder: yamlRecorder({ path }), ledger })
      tracer.start('task', 'nothing').finish()
      await tracer.close()
      assertNone(tracer.stats().started - tracer.stats().recorded)
    },
    verify: () => {
      if (readFileSync(path, 'utf8').includes('kind: ledger') !== ledger) throw new Error('the ledgers are wrong')
    },
  }
}

/** The least that carries a trace through a program. */
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

/** Spans of OpenTelemetry's API, which have nothing in them. */
function emptyByApi(tracer: TracerOfApi, started: () => void): Workload {
  return repeat(SPANS, () => {
    started()
    tracer.startActiveSpan('nothing', (active) => {
      nothing()
      active.end()
    })
  })
}

/** Spans of OpenTelemetry's API with two attributes, below one that stays open. */
function childByApi(tracer: TracerOfApi, started: () => void): Workload {
  const { operations, slice } = repeat(SPANS, () => {
    started()
    tracer.startActiveSpan('load user', (active) => {
      active.setAttribute('rows', sink++)
      active.setAttribute('table', 'users')
      active.end()
    })
  })
  return { operations, slice: () => tracer.startActiveSpan('parent', () => slice()) }
}

type ByApi = (tracer: TracerOfApi, started: () => void) => Workload

async function onSdk(workload: ByApi): Promise<Workload> {
  const { provider, exported } = await startOpenTelemetry()
  let started = 0
  const made = workload(provider.getTracer('benchmark'), () => started++)
  return { ...made, verify: () => assertNone(lostOf(started, exported())) }
}

async function onBridge(workload: ByApi): Promise<Workload> {
  const [{ trace }, { openTelemetryBridge }] = await Promise.all([import('@opentelemetry/api'), import('@trace/otel')])
  const tracer = createTracer({ recorder: nullRecorder() })
  openTelemetryBridge(tracer)
  return recordedBy(
    tracer,
    workload(trace.getTracer('benchmark'), () => {}),
  )
}

/** What `BatchSpanProcessor` queues by default (`maxQueueSize`). */
const OPENTELEMETRY_QUEUE = 2_048

/** Spans that have neither been exported nor can be waiting in the queue. */
function lostOf(started: number, exported: number): number {
  return Math.max(0, started - exported - OPENTELEMETRY_QUEUE)
}

/** A call takes nanoseconds, so a slice needs more of them than of spans. */
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
  'let-go': () => traceLetGo({ errors: true, slowerThan: 60_000 }),
  'let-go-errors': () => traceLetGo({ errors: true }),
  'open-recorded': () => childOf({}),
  'open-unrecorded': () => childOf({ openAfter: false }),
  'with-ledger': (folder) => recordingLedger(folder, true),
  'without-ledger': (folder) => recordingLedger(folder, false),
  context: contextOnly,
  opentelemetry: () => onSdk(emptyByApi),
  'opentelemetry-child': () => onSdk(childByApi),
  bridge: () => onBridge(emptyByApi),
  'bridge-child': () => onBridge(childByApi),
  floor: () => floor(SPANS, nothing),
  'held-floor': () => heldFloor(SPANS / 2, nothing),
  outside,
  bare: bareCall,
}
