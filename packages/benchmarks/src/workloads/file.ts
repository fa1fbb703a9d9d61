import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recorder } from '@trace/core'
import { yamlReader, yamlRecorder } from '@trace/yamlrec'
import type { Workload, WorkloadFactory } from '../workload.js'
import { yamlFile } from '../yaml-file.js'
import { sampleSpans } from './sample-spans.js'

/** About 300 MB, and what a smoke test makes of it. */
const MANY = 1_170_000
const FEW = 5_000

function finding(spans: number, perSpan: boolean): WorkloadFactory {
  return async (folder): Promise<Workload> => {
    const { path, traceId } = await yamlFile(folder, spans)
    const reader = yamlReader({ path })
    return {
      operations: perSpan ? spans : 1,
      slice: async () => {
        const { spans: found } = await reader.trace(traceId)
        if (found.length !== 1) throw new Error(`expected one span of the trace, got ${found.length}`)
      },
    }
  }
}

/** Reads a file's bytes, in pieces of the size that is fastest: smaller ones cost more calls, larger ones leave the cache. */
function bytesOfFile(spans: number): WorkloadFactory {
  return async (folder): Promise<Workload> => {
    const { path, bytes } = await yamlFile(folder, spans)
    const piece = Buffer.alloc(262_144)
    return {
      operations: 1,
      slice: async () => {
        const file = await open(path, 'r')
        let total = 0
        for (let read = -1; read !== 0; total += read) read = (await file.read(piece, 0, piece.length)).bytesRead
        await file.close()
        if (total !== bytes) throw new Error(`expected ${bytes} bytes, got ${total}`)
      },
    }
  }
}

const BATCH = 512

/** Appends batches to a copy of the file that grows by what is measured. */
function appending(spans: number): WorkloadFactory {
  return async (folder): Promise<Workload> => {
    const { path } = await yamlFile(folder, spans)
    const batch = await sampleSpans(BATCH)
    const copy = join(folder, `appended-to-${spans}.yaml`)
    await rm(copy, { force: true })
    const source = await open(path, 'r')
    const target = await open(copy, 'w')
    const piece = Buffer.alloc(1_048_576)
    for (let read = -1; read !== 0; ) {
      read = (await source.read(piece, 0, piece.length)).bytesRead
      await target.write(piece, 0, read)
    }
    await source.close()
    await target.close()
    const recorder: Recorder = yamlRecorder({ path: copy })
    return { operations: BATCH, slice: () => recorder.record(batch) ?? undefined }
  }
}

function sized(kind: string, of: (spans: number) => WorkloadFactory): [string, WorkloadFactory][] {
  return [1, 100, 10_000, 1_000_000].map((spans) => [`${kind}-${spans}`, of(spans)])
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  'trace-many': finding(MANY, false),
  'bytes-many': bytesOfFile(MANY),
  'trace-few': finding(FEW, false),
  'bytes-few': bytesOfFile(FEW),
  ...Object.fromEntries(sized('append', appending)),
  ...Object.fromEntries(sized('find', (spans) => finding(spans, true))),
}
