import { formatTime, type PlainValue, type Span } from '@trace/core'
import { parseYaml, spanToYaml } from '@trace/yamlrec'
import { dump, loadAll } from 'js-yaml'
import { parseAllDocuments, stringify } from 'yaml'
import { sampleSpans } from './sample-spans.js'
import type { Workload, WorkloadFactory } from './workload.js'

const SPANS = 300
/** For the slices of the libraries, which write slowly. */
const FEW = 30

/** The fields of a span's document. Ids are text, since JSON has no integers of that size. */
function fieldsOf(span: Span): Record<string, PlainValue> {
  return {
    span_id: String(span.spanId),
    trace_id: String(span.traceId),
    parent_id: String(span.parentId),
    process: span.process,
    kind: span.kind,
    name: span.name,
    start: formatTime(span.start),
    finish: formatTime(span.finish ?? span.start),
    ...span.data,
  }
}

function writing(count: number, textOf: (span: Span) => string): WorkloadFactory {
  return async () => {
    const spans = await sampleSpans(count)
    let written = 0
    return {
      operations: count,
      slice: () => {
        for (const span of spans) written += textOf(span).length
      },
      verify: () => {
        if (written === 0) throw new Error('nothing was written')
      },
    }
  }
}

function reading(countIn: (text: string) => number | Promise<number>): WorkloadFactory {
  return async (): Promise<Workload> => {
    const text = (await sampleSpans(SPANS)).map(spanToYaml).join('')
    return {
      operations: SPANS,
      slice: async () => {
        const found = await countIn(text)
        if (found !== SPANS) throw new Error(`expected ${SPANS} documents, got ${found}`)
      },
    }
  }
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  'write-trace': writing(SPANS, spanToYaml),
  'write-json': writing(SPANS, (span) => JSON.stringify(fieldsOf(span))),
  'write-yaml': writing(FEW, (span) => stringify(fieldsOf(span))),
  'write-js-yaml': writing(FEW, (span) => dump(fieldsOf(span))),
  'read-trace': reading(async (text) => (await parseYaml(text)).spans.length),
  'read-yaml': reading((text) => {
    const documents = parseAllDocuments(text)
    return 'empty' in documents ? 0 : documents.map((document) => document.toJS()).length
  }),
  'read-js-yaml': reading((text) => loadAll(text).length),
}
