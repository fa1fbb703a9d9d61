import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { exportTraces } from '../../src/formats/export.js'
import { importSpans } from '../../src/formats/import.js'

async function imported(json: string): Promise<Span[]> {
  const spans: Span[] = []
  for await (const some of importSpans([json])) spans.push(...some)
  return spans
}

test.each([
  [1, [], 'work', undefined],
  [1, [{ key: 'db.system', value: { stringValue: 'redis' } }], 'db', 'internal'],
  [2, [], 'request', undefined],
  [3, [], 'client', undefined],
  [4, [], 'queue', 'producer'],
  [5, [], 'queue', 'consumer'],
  [5, [{ key: 'messaging.operation.type', value: { stringValue: 'process' } }], 'queue', undefined],
])('kind %d with %j is %s here, and the same again in an export', async (kind, attributes, ours, told) => {
  const [traceId, spanId] = ['2'.padStart(32, '0'), '3'.padStart(16, '0')]
  const theirs = { traceId, spanId, name: 'n', kind, startTimeUnixNano: '1', endTimeUnixNano: '2', attributes }
  const [span] = await imported(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [theirs] }] }] }))
  expect([span?.kind, span?.data['otel.kind']]).toEqual([ours, told])
  let json = ''
  for await (const text of exportTraces('otlp', [span === undefined ? [] : [span]])) json += text
  expect(JSON.parse(json).resourceSpans[0].scopeSpans[0].spans[0].kind).toBe(kind)
  expect(await imported(json)).toEqual([span])
})
