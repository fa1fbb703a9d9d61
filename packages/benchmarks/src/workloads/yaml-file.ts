import { link, open, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recorder } from '@trace/core'
import { spanToYaml, yamlReader, yamlRecorder } from '@trace/yamlrec'
import { sampleSpans } from './sample-spans.js'
import type { Workload, WorkloadFactory } from './workload.js'

/** A file of about 300 MB, and a small one for a smoke test. */
const MANY = 1_170_000
const FEW = 5_000

function finding(spans: number, perSpan: boolean): WorkloadFactory {
  return async (folder): Promise<Workload> => {
    const { path } = await yamlFile(folder, spans)
    const reader = yamlReader({ path })
    return {
      operations: perSpan ? spans : 1,
      slice: async () => {
        const { spans: found } = await reader.trace(SOUGHT_TRACE)
        if (found.length !== 1) throw new Error(`expected one span of the trace, got ${found.length}`)
      },
    }
  }
}

/** Reads a file's bytes in pieces of 256 KB, the fastest size: smaller pieces take more calls, larger ones leave the cache. */
function readingBytes(spans: number): WorkloadFactory {
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

/** Appends batches to a copy of the file, which grows during the measurement. */
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

/** The trace in the middle of every file. It has one span. */
const SOUGHT_TRACE = 4_711_000_000_000_004_711n

/** A file with this number of spans. It is written once a run. */
async function yamlFile(folder: string, spans: number): Promise<{ readonly path: string; readonly bytes: number }> {
  const path = join(folder, `${spans}-spans.yaml`)
  const existing = await stat(path).catch(() => undefined)
  if (existing === undefined) {
    // Not `.` and a number, which is what a reader takes for an older part of the file.
    const unfinished = `${path}-${process.pid}`
    await writeSpans(unfinished, spans)
    // The process of another side may have written the same file, and may be reading it.
    await link(unfinished, path).catch(() => {})
    await unlink(unfinished)
  }
  return { path, bytes: (await stat(path)).size }
}

async function writeSpans(path: string, count: number): Promise<void> {
  const samples = await sampleSpans(Math.min(count, 3_000))
  const sought = samples.slice(0, 1).map((span) => spanToYaml({ ...span, traceId: SOUGHT_TRACE }))
  const texts = samples.map(spanToYaml)
  const file = await open(path, 'w')
  const middle = Math.floor(count / 2)
  for (let at = 0; at < count; at += texts.length) {
    const part = texts.slice(0, count - at)
    if (middle >= at && middle < at + part.length) part.splice(middle - at, 1, ...sought)
    await file.write(part.join(''))
  }
  await file.close()
}

function sized(operation: string, of: (spans: number) => WorkloadFactory): [string, WorkloadFactory][] {
  return [1, 100, 10_000, 1_000_000].map((spans) => [`${operation}-${spans}`, of(spans)])
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  'trace-many': finding(MANY, false),
  'bytes-many': readingBytes(MANY),
  'trace-few': finding(FEW, false),
  'bytes-few': readingBytes(FEW),
  ...Object.fromEntries(sized('append', appending)),
  ...Object.fromEntries(sized('find', (spans) => finding(spans, true))),
}
