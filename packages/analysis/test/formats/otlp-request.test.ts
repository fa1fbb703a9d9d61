import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core/spans'
import { exportTraces } from '../../src/formats/export.js'
import { otlpRequest, parseJson, spansOfOtlp } from '../../src/formats/otlp.js'
import { aSpan } from '../support/spans.js'

const ID = 0xd269b633813fc60cn
const WHOLE = '5b8efff798038103d269b633813fc60c'

const skip = (reason: string): never => {
  throw new Error(reason)
}

/** The ids of the traces of an export, in its order. */
const tracesIn = (text: string): string[] => [...text.matchAll(/"traceId":"(\w+)"/g)].map(([, id]) => id ?? '')

test('a request has the whole id on every span, whichever its trace', () => {
  const upperTraceId = BigInt('0x5b8efff798038103')
  const spans = [
    aSpan({ traceId: ID, spanId: 1n, upperTraceId, data: { 'w3c.trace_id': WHOLE } }),
    aSpan({ traceId: ID, spanId: 2n, upperTraceId }),
    aSpan({ traceId: 42n, spanId: 3n }),
    // As a reader gives it.
    aSpan({ traceId: ID, spanId: 4n, data: { 'w3c.trace_id': WHOLE } }),
  ]
  expect(tracesIn(otlpRequest(spans))).toEqual([WHOLE, WHOLE, '2a'.padStart(32, '0'), WHOLE])
})

test('a request and an export have the same spans', async () => {
  const spans: Span[] = [
    aSpan({ spanId: 1n, data: { rows: 2 } }),
    aSpan({ spanId: 2n, parentId: 1n, process: 'users:4@host' }),
  ]
  let exported = ''
  for await (const piece of exportTraces('otlp', [spans])) exported += piece
  expect(JSON.parse(otlpRequest(spans))).toEqual(JSON.parse(exported))
  expect(spansOfOtlp(parseJson(otlpRequest(spans)), skip)).toEqual(spans)
})

test('attributes of the process replace those that its name says, and the name of the process stays', () => {
  const [span] = [aSpan({ process: 'users:4@host' })]
  const attributesOf = (process: string) => ({ 'service.name': `${process}!`, zone: 'a', 'trace.process': 'other' })
  const request = JSON.parse(otlpRequest([span], attributesOf))
  const attributes = request.resourceSpans[0].resource.attributes as { key: string; value: { stringValue?: string } }[]
  expect(attributes.map(({ key, value }) => [key, value.stringValue])).toEqual([
    ['service.name', 'users:4@host!'],
    ['process.pid', undefined],
    ['host.name', 'host'],
    ['zone', 'a'],
    ['trace.process', 'users:4@host'],
  ])
})

test('what is read of a request has the upper half of its id on every span, to be sent on', () => {
  const upperTraceId = BigInt('0x5b8efff798038103')
  const spans = [
    aSpan({ traceId: ID, spanId: 1n, upperTraceId, data: { 'w3c.trace_id': WHOLE } }),
    aSpan({ traceId: ID, spanId: 2n, parentId: 1n, upperTraceId }),
  ]
  const read = spansOfOtlp(parseJson(otlpRequest(spans)), skip)
  expect(read).toEqual(spans)
  expect(tracesIn(otlpRequest(read))).toEqual([WHOLE, WHOLE])
})
