import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { traces } from '../support/arbitrary-spans.js'
import { exported, imported } from '../support/formats.js'
import { aSpan } from '../support/spans.js'

/** The definitions of zipkin2-api.yaml (https://github.com/openzipkin/zipkin-api), with what its descriptions say of digits. */
const SPAN: Readonly<Record<string, (value: unknown) => boolean>> = {
  traceId: (value) => typeof value === 'string' && /^([0-9a-f]{16}|[0-9a-f]{32})$/.test(value),
  id: isSpanId,
  parentId: isSpanId,
  name: (value) => typeof value === 'string',
  kind: (value) => ['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'].includes(String(value)),
  timestamp: isCount,
  duration: isCount,
  localEndpoint: (value) =>
    isMap(value) &&
    Object.entries(value).every(([key, each]) => key === 'serviceName' && typeof each === 'string' && each !== ''),
  tags: (value) => isMap(value) && Object.values(value).every((each) => typeof each === 'string'),
}

function isSpanId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

test('every span meets the schema of Zipkin, whatever was recorded', async () => {
  await fc.assert(
    fc.asyncProperty(traces, async (trace) => {
      const spans: unknown = JSON.parse(await exported('zipkin', [trace]))
      if (!Array.isArray(spans)) throw new Error('no list')
      for (const span of spans as Record<string, unknown>[]) {
        for (const key of ['traceId', 'id', 'timestamp', 'duration', 'localEndpoint']) expect(span).toHaveProperty(key)
        for (const [key, value] of Object.entries(span)) expect([key, SPAN[key]?.(value)]).toEqual([key, true])
      }
    }),
  )
})

test('what others write is read', async () => {
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    id: 'eee19b7ec3c1b174',
    name: 'get /users',
    kind: 'SERVER',
    timestamp: 1_502_787_600_000_000,
    duration: 1.5,
    localEndpoint: { serviceName: 'shop' },
    remoteEndpoint: { serviceName: 'web' },
    annotations: [{ timestamp: 1_502_787_600_000_001, value: 'retry' }],
    tags: { 'http.path': '/users', error: 'out of stock' },
  }
  const { spans, formats } = await imported(JSON.stringify([[span]]))
  expect(formats).toEqual(['zipkin'])
  expect(spans).toEqual([
    {
      traceId: 0xd269_b633_813f_c60cn,
      spanId: 0xeee1_9b7e_c3c1_b174n,
      parentId: 0n,
      process: 'shop',
      kind: 'request',
      name: 'get /users',
      start: 1_502_787_600_000_000_000n,
      finish: 1_502_787_600_000_001_500n,
      data: {
        'http.path': '/users',
        error: 'out of stock',
        'error.type': 'Error',
        'error.message': 'out of stock',
        'peer.service': 'web',
        events: [{ time: '2017-08-15T09:00:00.000001Z', name: 'retry' }],
        'w3c.trace_id': '5b8efff798038103d269b633813fc60c',
      },
    },
  ])
})

test('a client and a server that share an id become two spans, and what is below stays below the server', async () => {
  const base = { traceId: '000000000000000a', timestamp: 5, duration: 5, localEndpoint: { serviceName: 's' } }
  const { spans } = await imported(
    JSON.stringify([
      { ...base, id: '0000000000000003', parentId: '0000000000000002', name: 'below' },
      { ...base, id: '0000000000000002', parentId: '0000000000000001', kind: 'CLIENT', name: 'client' },
      { ...base, id: '0000000000000002', parentId: '0000000000000001', kind: 'SERVER', name: 'server', shared: true },
      { ...base, id: '0000000000000001', name: 'root' },
    ]),
  )
  const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]))
  expect(nameOf.size).toBe(4)
  expect(spans.map(({ name, parentId }) => `${nameOf.get(parentId)} > ${name}`)).toEqual([
    'server > below',
    'root > client',
    'client > server',
    'undefined > root',
  ])
})

test('durations of less than a microsecond are one, an open span has the last time that is known', async () => {
  const [short, open] = JSON.parse(
    await exported('zipkin', [
      [aSpan({ start: 1_000n, finish: 1_001n }), aSpan({ spanId: 2n, start: 500n, finish: undefined })],
    ]),
  )
  expect(short).toMatchObject({ timestamp: 1, duration: 1, kind: 'SERVER', localEndpoint: { serviceName: 'users' } })
  expect(open).toMatchObject({ timestamp: 1, duration: 1, tags: { 'trace.open': 'true' } })
})
