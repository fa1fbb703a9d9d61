import { expect, test } from '@jest/globals'
import fc from 'fast-check'
// The last release of OpenTelemetry's own code that has the official definitions, compiled, and can decode: later ones only serialize.
import root from 'otlp-transformer-that-decodes/build/src/generated/root.js'
import { runs } from '../../../../.config/runs.js'
import { traces } from '../support/arbitrary-spans.js'
import { fanOut } from '../support/fan-out.js'
import { exported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

interface Message {
  fromObject(document: object): object
  /** What is wrong with a message; null if nothing is. */
  verify(message: object): string | null
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): object
}

// Its types do not say what it has.
const ExportTraceServiceRequest: Message = Reflect.get(root, 'opentelemetry').proto.collector.trace.v1
  .ExportTraceServiceRequest

const IDS = new Set(['traceId', 'spanId', 'parentSpanId'])

/** OTLP's JSON has ids as hexadecimal digits, where the JSON of protocol buffers has base64. An empty list is none in their binary form. */
function withBytes(value: unknown, key = ''): unknown {
  if (typeof value === 'string' && IDS.has(key)) return Buffer.from(value, 'hex').toString('base64')
  if (Array.isArray(value)) return value.map((each) => withBytes(each))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => !Array.isArray(each) || each.length > 0)
  return Object.fromEntries(entries.map(([name, each]) => [name, withBytes(each, name)]))
}

/** What OpenTelemetry's code reads in a document, once it has been through its binary form. */
function read(document: object): object {
  const request = ExportTraceServiceRequest.fromObject(document)
  expect(ExportTraceServiceRequest.verify(request)).toBeNull()
  const decoded = ExportTraceServiceRequest.decode(ExportTraceServiceRequest.encode(request).finish())
  return ExportTraceServiceRequest.toObject(decoded, { longs: String, bytes: String, enums: Number, json: true })
}

test("OpenTelemetry's own code reads every field of an export, whatever was recorded", async () => {
  const check = async (all: Parameters<typeof exported>[1]): Promise<void> => {
    const document = withBytes(JSON.parse(await exported('otlp', all))) as object
    // What it does not know, or knows as another type, is not there when it is read again.
    expect(read(document)).toEqual(document)
  }
  await check([fanOut()])
  await check([[aSpan({ data: { ratio: 0.1, big: 2n ** 62n, list: [1, [true, null]], map: { deep: { x: -1 } } } })]])
  await fc.assert(
    fc.asyncProperty(fc.array(traces, { maxLength: 3 }), (all) => check(all)),
    { numRuns: runs(100) },
  )
})

test('a field that OpenTelemetry does not have is noticed', () => {
  expect(read({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'a', kinds: 2 }] }] }] })).toEqual({
    resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'a' }] }] }],
  })
})
