import { link, open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { spanToYaml } from '@trace/yamlrec'
import { sampleSpans } from './workloads/sample-spans.js'

/** A file of spans, in which one trace is unlike all others. */
export interface YamlFile {
  readonly path: string
  readonly traceId: bigint
  readonly bytes: number
}

const TRACE_ID = 4_711_000_000_000_004_711n

/** A file with so many spans; it is written once a run. The trace that is looked for stands in its middle. */
export async function yamlFile(folder: string, spans: number): Promise<YamlFile> {
  const path = join(folder, `${spans}-spans.yaml`)
  const existing = await stat(path).catch(() => undefined)
  if (existing === undefined) {
    const unfinished = `${path}.${process.pid}`
    await write(unfinished, spans)
    // Another side may have done the same, and be reading it.
    await link(unfinished, path).catch(() => {})
    await unlink(unfinished)
  }
  return { path, traceId: TRACE_ID, bytes: (await stat(path)).size }
}

async function write(path: string, count: number): Promise<void> {
  const samples = await sampleSpans(Math.min(count, 3_000))
  const sought = samples.slice(0, 1).map((span) => spanToYaml({ ...span, traceId: TRACE_ID }))
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
