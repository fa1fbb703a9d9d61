import { describe, expect, test } from '@jest/globals'
import type { PlainValue, Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { traces } from '../support/arbitrary-spans.js'
import { exported, imported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

/** Data in the order of their keys, since that is not kept where a format has several places for them. */
function sorted(spans: readonly Span[]): unknown[] {
  const ordered = (value: PlainValue): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return (value as readonly PlainValue[]).map(ordered)
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, ordered(each)])
  }
  return spans
    .toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))
    .map(({ data, ...span }) => ({ ...span, data: ordered(data) }))
}

describe.each(['otlp', 'zipkin', 'jaeger'] as const)('%s', (format) => {
  test('keeps apart keys that are written alike', async () => {
    const data = {
      error: 'text',
      'data.error': true,
      'data.data.error': 5,
      '': null,
      'data.': 'x',
      'trace.kind': 1,
      'data.trace.kind': 'y',
    }
    expect((await imported(await exported(format, [[aSpan({ data })]]))).spans).toEqual([aSpan({ data })])
  })

  test('comes back as the very same spans, in whatever pieces it is read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(traces, { maxLength: 3 }), fc.integer({ min: 1, max: 200 }), async (all, chunk) => {
        const text = await exported(format, all)
        JSON.parse(text)
        const { spans, skipped, formats } = await imported(text, chunk)
        expect(skipped).toEqual([])
        expect(sorted(spans)).toEqual(sorted(all.flat()))
        expect(formats).toEqual(all.flat().length > 0 ? [format] : [])
      }),
      { numRuns: runs(200) },
    )
  })
})

test('no text makes an import fail but by saying what it expected, and no JSON of the right shape at all', async () => {
  const json = fc.jsonValue({ maxDepth: 4 })
  const keys = fc.constantFrom(
    'traceId',
    'id',
    'spanId',
    'spans',
    'traceID',
    'spanID',
    'tags',
    'references',
    'startTimeUnixNano',
    'attributes',
    'scopeSpans',
    'resource',
    'events',
    'processes',
    'processID',
    'toString',
    'valueOf',
    'value',
    'key',
    'doubleValue',
    'arrayValue',
    'kvlistValue',
    'values',
    'intValue',
    'logs',
    'fields',
    'event',
    'timestamp',
    'links',
  )
  const shaped = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      json,
      fc.constantFrom('0000000000000001', '01', 5, '5', 1e300),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(keys, tie('any'), { maxKeys: 4 }),
    ),
  })).any
  const documents = fc.oneof(
    shaped.map((each) => JSON.stringify({ resourceSpans: [each] })),
    shaped.map((each) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [each] }] }] })),
    shaped.map((each) => JSON.stringify({ data: [{ traceID: '1', spans: [each] }] })),
    shaped.map((each) => JSON.stringify([each])),
    fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'a', '1', '"resourceSpans"'), { maxLength: 20 })
      .map((pieces) => pieces.join('')),
  )
  await fc.assert(
    fc.asyncProperty(documents, async (text) => {
      try {
        await imported(text, 3)
      } catch (error) {
        expect(error).toMatchObject({ code: 'TRACE_BAD_IMPORT' })
      }
    }),
    { numRuns: runs(1_000) },
  )
})
