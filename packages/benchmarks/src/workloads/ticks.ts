import { createTracer } from '@trace/core'
import { nullRecorder } from './recorders.js'
import { repeat, type Workload, type WorkloadFactory } from './workload.js'

function ticks(): Workload {
  return repeat(1_000, () => process.nextTick(nothing))
}

function nothing(): void {}

function withTracer(): Workload {
  createTracer({ recorder: nullRecorder() })
  return ticks()
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = { trace: withTracer, bare: ticks }
