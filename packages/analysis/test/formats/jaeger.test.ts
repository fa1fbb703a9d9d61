import { expect, test } from '@jest/globals'
import { exported, imported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

test("is what Jaeger's viewer takes", async () => {
  const spans = [
    aSpan({
      start: 1_445_346_855_123_456_789n,
      finish: 1_445_346_855_123_458_790n,
      data: { rows: 5, ratio: 0.5, yes: true, big: 2n ** 60n, list: [1] },
    }),
    aSpan({
      spanId: 2n,
      parentId: 1001n,
      kind: 'client',
      process: 'web',
      data: { 'error.type': 'Error', 'error.message': 'no' },
    }),
  ]
  const { data } = JSON.parse(await exported('jaeger', [spans]))
  expect(data).toHaveLength(1)
  const [{ traceID, spans: written, processes }] = data
  expect(processes).toMatchObject({ p1: { serviceName: 'users' }, p2: { serviceName: 'web' } })
  expect(processes.p1.tags).toContainEqual({ key: 'hostname', type: 'string', value: 'host-1' })
  expect(written[0]).toMatchObject({
    traceID,
    spanID: '00000000000003e9',
    references: [],
    startTime: 1_445_346_855_123_456,
    duration: 2,
    processID: 'p1',
    logs: [],
  })
  expect(written[0].tags).toEqual(
    expect.arrayContaining([
      { key: 'span.kind', type: 'string', value: 'server' },
      { key: 'rows', type: 'int64', value: 5 },
      { key: 'ratio', type: 'float64', value: 0.5 },
      { key: 'yes', type: 'bool', value: true },
      { key: 'big', type: 'string', value: String(2n ** 60n) },
      { key: 'list', type: 'string', value: '[1]' },
    ]),
  )
  expect(written[1].references).toEqual([{ refType: 'CHILD_OF', traceID, spanID: '00000000000003e9' }])
  expect(written[1].tags).toContainEqual({ key: 'error', type: 'bool', value: true })
})

test('what others write is read', async () => {
  const traceID = '5b8efff798038103d269b633813fc60c'
  const trace = {
    traceID,
    spans: [
      {
        traceID,
        spanID: 'b174',
        operationName: 'select',
        references: [
          { refType: 'FOLLOWS_FROM', traceID: '1', spanID: '9' },
          { refType: 'CHILD_OF', traceID, spanID: '1' },
        ],
        startTime: 1_502_787_600_000_000.5,
        duration: 250,
        tags: [
          { key: 'span.kind', type: 'string', value: 'client' },
          { key: 'db.system', type: 'string', value: 'mysql' },
          { key: 'rows', type: 'int64', value: '9007199254740993' },
          { key: 'error', type: 'bool', value: true },
        ],
        logs: [
          {
            timestamp: 1_502_787_600_000_001,
            fields: [
              { key: 'event', type: 'string', value: 'exception' },
              { key: 'exception.type', value: 'RangeError' },
              { key: 'exception.message', value: 'no' },
            ],
          },
        ],
        processID: 'p1',
      },
    ],
    processes: {
      p1: {
        serviceName: 'shop',
        tags: [
          { key: 'pid', type: 'int64', value: 7 },
          { key: 'hostname', value: 'host-1' },
        ],
      },
    },
  }
  const { spans, formats } = await imported(JSON.stringify({ data: [trace], total: 0, errors: null }))
  expect(formats).toEqual(['jaeger'])
  expect(spans).toEqual([
    {
      traceId: 0xd269_b633_813f_c60cn,
      spanId: 0xb174n,
      parentId: 1n,
      process: 'shop:7@host-1',
      kind: 'db',
      name: 'select',
      start: 1_502_787_600_000_000_500n,
      finish: 1_502_787_600_000_250_500n,
      data: {
        'span.kind': 'client',
        'db.system': 'mysql',
        rows: 2n ** 53n + 1n,
        error: true,
        'error.type': 'RangeError',
        'error.message': 'no',
        events: [
          {
            time: '2017-08-15T09:00:00.000001Z',
            name: 'exception',
            'exception.type': 'RangeError',
            'exception.message': 'no',
          },
        ],
      },
    },
  ])
})
