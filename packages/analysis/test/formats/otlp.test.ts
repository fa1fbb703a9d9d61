import { describe, expect, test } from '@jest/globals'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { exported, imported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

const TRACE_ID = '5b8efff798038103d269b633813fc60c'
const ID = 0xd269_b633_813f_c60cn

/** A request as OpenTelemetry's SDK makes it and OpenTelemetry's own code writes it. */
function writtenBySdk(): string {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'shop',
      'service.version': '1.2',
      'process.pid': 7,
      'host.name': 'host-1',
    }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  })
  const tracer = provider.getTracer('my-scope', '0.1')
  const caller = { traceId: TRACE_ID, spanId: 'eee19b7ec3c1b174', traceFlags: TraceFlags.SAMPLED, isRemote: true }
  const server = tracer.startSpan(
    'GET /users/:id',
    {
      kind: SpanKind.SERVER,
      attributes: { 'http.route': '/users/:id', ratio: 0.5, ok: true, list: ['a', 'b'], big: 5 },
      links: [{ context: { ...caller, spanId: '00000000000000ff' }, attributes: { why: 'batch' } }],
    },
    trace.setSpanContext(ROOT_CONTEXT, caller),
  )
  const query = tracer.startSpan(
    'select',
    { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } },
    trace.setSpan(ROOT_CONTEXT, server),
  )
  query.recordException(
    Object.assign(new RangeError('no such shelf'), { stack: 'RangeError: no such shelf\n    at f' }),
  )
  query.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' })
  query.addEvent('retry', { attempt: 2 })
  query.end()
  server.end()
  return new TextDecoder().decode(JsonTraceSerializer.serializeRequest(memory.getFinishedSpans()) ?? new Uint8Array())
}

describe('what OpenTelemetry writes', () => {
  test('is read with all that it has', async () => {
    const { spans, formats, skipped } = await imported(writtenBySdk())
    expect([formats, skipped]).toEqual([['otlp'], []])
    const [query, server] = spans
    expect(server).toMatchObject({
      traceId: ID,
      parentId: 0xeee1_9b7e_c3c1_b174n,
      process: 'shop:7@host-1',
      kind: 'request',
      name: 'GET /users/:id',
    })
    expect(server?.data).toEqual({
      'http.route': '/users/:id',
      ratio: 0.5,
      ok: true,
      list: ['a', 'b'],
      big: 5,
      'resource.service.version': '1.2',
      'otel.scope.name': 'my-scope',
      'otel.scope.version': '0.1',
      'parent.remote': true,
      'w3c.trace_id': TRACE_ID,
      links: [{ why: 'batch', 'w3c.trace_id': TRACE_ID, trace_id: String(ID), span_id: '255' }],
    })
    expect(query).toMatchObject({ parentId: server?.spanId, kind: 'db', name: 'select' })
    expect(query?.data).toMatchObject({
      'error.type': 'RangeError',
      'error.message': 'no such shelf',
      'error.stack': 'RangeError: no such shelf\n    at f',
      events: [
        { name: 'exception', time: expect.stringMatching(/^20.*Z$/) },
        { name: 'retry', attempt: 2 },
      ],
    })
    expect(query?.data).not.toHaveProperty(['w3c.trace_id'])
  })

  test('goes out as it came in, the whole trace id on every span', async () => {
    const before = JSON.parse(writtenBySdk())
    const { spans } = await imported(JSON.stringify(before))
    const after = JSON.parse(await exported('otlp', [spans]))
    const fields = (request: {
      resourceSpans: { scopeSpans: { scope: unknown; spans: Record<string, unknown>[] }[] }[]
    }): unknown[] =>
      request.resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ scope, spans }) =>
          spans.map((span) => [
            scope,
            ...[
              'traceId',
              'spanId',
              'parentSpanId',
              'name',
              'kind',
              'startTimeUnixNano',
              'endTimeUnixNano',
              'flags',
            ].map((key) => span[key]),
          ]),
        ),
      )
    expect(fields(after)).toEqual(fields(before))
    expect((await imported(JSON.stringify(after))).spans).toEqual(spans)
  })

  test('is read from lines in any order, as the collector writes them to a file, and from an array', async () => {
    const request = writtenBySdk()
    const lines = `${request}\n${JSON.stringify({ resourceMetrics: [{ a: 1 }] })}\n${request}\n`
    expect((await imported(lines, 7)).spans).toHaveLength(4)
    expect((await imported(`[${request},${request}]`, 7)).spans).toHaveLength(4)
    expect((await imported(JSON.stringify({ trace: JSON.parse(request) }))).spans).toHaveLength(2)
  })
})

test("reads Grafana's batches, with ids in base64 and enums by name", async () => {
  const batches = [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      instrumentationLibrarySpans: [
        {
          spans: [
            {
              traceId: Buffer.from(TRACE_ID, 'hex').toString('base64'),
              spanId: Buffer.from('00000000000000ff', 'hex').toString('base64'),
              kind: 'SPAN_KIND_CLIENT',
              startTimeUnixNano: 1_544_712_660_000_000_000,
              endTimeUnixNano: '1544712660300000001',
              status: { code: 'STATUS_CODE_ERROR', message: 'no' },
              attributes: [
                {
                  key: 'deep',
                  value: {
                    kvlistValue: {
                      values: [
                        { key: 'n', value: { intValue: 9007199254740992 } },
                        { key: 'b', value: { bytesValue: 'AAE=' } },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  ]
  const { spans } = await imported(JSON.stringify({ batches }).replace('9007199254740992', '9007199254740993'))
  expect(spans).toEqual([
    {
      traceId: ID,
      spanId: 255n,
      parentId: 0n,
      process: 'shop',
      kind: 'client',
      name: '',
      start: 1_544_712_660_000_000_000n,
      finish: 1_544_712_660_300_000_001n,
      data: {
        deep: { n: 2n ** 53n + 1n, b: 'AAE=' },
        'error.type': 'Error',
        'error.message': 'no',
        'w3c.trace_id': TRACE_ID,
      },
    },
  ])
})

test('an open span ends at the last time that is known, and is marked; a failed one has a status and its stack in an event', async () => {
  const data = { 'error.type': 'Error', 'error.message': 'no', 'error.stack': 'Error: no\n at f' }
  const { resourceSpans } = JSON.parse(
    await exported('otlp', [
      [aSpan({ start: 5n, finish: undefined }), aSpan({ spanId: 2n, parentId: 1001n, start: 6n, finish: 9n, data })],
    ]),
  )
  const [open, failed] = resourceSpans[0].scopeSpans[0].spans
  expect(open).toMatchObject({
    kind: 2,
    endTimeUnixNano: '9',
    traceId: '0000000000000000000000000000002a',
    spanId: '00000000000003e9',
    status: {},
  })
  expect(open.attributes).toContainEqual({ key: 'trace.open', value: { boolValue: true } })
  expect(open).not.toHaveProperty('parentSpanId')
  expect(failed).toMatchObject({
    status: { code: 2, message: 'no' },
    parentSpanId: '00000000000003e9',
    events: [{ name: 'exception', timeUnixNano: '9' }],
  })
})

test('an integer beyond int64 is exported as text', async () => {
  const { spans } = await imported(await exported('otlp', [[aSpan({ data: { huge: 2n ** 64n } })]]))
  expect(spans[0]?.data).toEqual({ huge: String(2n ** 64n) })
})

test('says what is no span, and goes on', async () => {
  const spans = [
    {},
    { traceId: 'x'.repeat(32) },
    { traceId: '01' },
    { traceId: '01', spanId: '02' },
    { traceId: '01', spanId: '02', startTimeUnixNano: 5 },
  ]
  const result = await imported(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }, 5] }))
  expect(result.spans).toEqual([
    expect.objectContaining({ traceId: 1n, spanId: 2n, start: 5n, finish: undefined, process: '' }),
  ])
  expect(result.skipped.map((line) => line.replace(/.*: /, ''))).toEqual([
    'its traceId is not up to 32 hexadecimal digits, or is 0',
    'its traceId is not up to 32 hexadecimal digits, or is 0',
    'its spanId is not up to 16 hexadecimal digits, or is 0',
    'it has no startTimeUnixNano',
  ])
})

test.each(['', ' \n', '[]', '{"resourceSpans":[]}', '{"data":[]}'])('%j is an export of nothing', async (text) => {
  expect((await imported(text)).spans).toEqual([])
})

test.each(['hello', '{"a":[1]}', '<html>', '{"resourceSpans":5}', '[1]', ']'])('%j is refused', async (text) => {
  await expect(imported(text)).rejects.toMatchObject({ code: 'TRACE_BAD_IMPORT' })
})

test('a document that is torn gives what it has, and says so', async () => {
  const text = await exported('otlp', [[aSpan()], [aSpan({ traceId: 7n })]])
  const { spans, skipped } = await imported(text.slice(0, text.length - 40))
  expect([spans.length, skipped]).toEqual([1, ['end: the text ends within a document']])
})
