import { describe, expect, test } from '@jest/globals'
import type { TraceQuery, TraceSummary } from '../../src/contract/reader.js'
import { checkQuery, checkTraceId } from '../../src/store/check-query.js'
import { listTraces, matches, newestFirst, summarize } from '../../src/store/query.js'
import { aSpan } from '../support/spans.js'

describe('summarize', () => {
  test('a trace is from its earliest start to its latest finish, and named by its first span', () => {
    const summary = summarize([
      aSpan({
        spanId: 2n,
        parentId: 1n,
        start: 20n,
        finish: 90n,
        data: { 'error.type': 'Error' },
        kind: 'db',
        name: 'x',
      }),
      aSpan({ spanId: 1n, parentId: 0n, start: 10n, finish: 50n, name: 'first' }),
      aSpan({ spanId: 3n, parentId: 2n, start: 5n, finish: undefined, process: 'orders:1@host-2' }),
    ])
    expect(summary).toEqual({
      traceId: 42n,
      process: 'users:4711@host-1',
      kind: 'request',
      name: 'first',
      start: 5n,
      duration: 85n,
      services: ['orders', 'users'],
      spans: 3,
      failed: 1,
      open: 1,
    })
  })

  test('the first span may have a parent elsewhere', () => {
    expect(
      summarize([aSpan({ spanId: 2n, parentId: 9n, name: 'first' }), aSpan({ spanId: 3n, parentId: 2n })]),
    ).toMatchObject({ name: 'first' })
  })

  test('parents that are not stored are lost, each once, but not those of other systems', () => {
    const spans = [
      aSpan({ spanId: 1n, parentId: 0n }),
      aSpan({ spanId: 2n, parentId: 9n }),
      aSpan({ spanId: 3n, parentId: 9n }),
      aSpan({ spanId: 4n, parentId: 8n }),
      aSpan({ spanId: 5n, parentId: 7n, data: { 'parent.remote': true } }),
    ]
    expect(summarize(spans)).toMatchObject({ spans: 5, lost: 2 })
    expect(summarize(spans.slice(0, 1))).not.toHaveProperty('lost')
  })

  test('a circle has a first span too, and an open trace no duration', () => {
    const circle = [
      aSpan({ spanId: 1n, parentId: 2n, finish: undefined }),
      aSpan({ spanId: 2n, parentId: 1n, finish: undefined }),
    ]
    expect(summarize(circle)).toMatchObject({ spans: 2, duration: undefined })
    expect(summarize([])).toBeUndefined()
  })
})

const trace: TraceSummary = {
  traceId: 1n,
  process: 'p',
  kind: 'request',
  name: 'GET /',
  start: 100n,
  duration: 50n,
  services: ['p'],
  spans: 1,
  failed: 0,
  open: 0,
}

test.each<[TraceQuery, boolean, Partial<TraceSummary>]>([
  [{}, true, {}],
  [{ from: 100n, to: 101n }, true, {}],
  [{ from: 101n }, false, {}],
  [{ to: 100n }, false, {}],
  [{ kind: 'request' }, true, {}],
  [{ kind: 'task' }, false, {}],
  [{ name: 'GET /' }, true, {}],
  [{ name: 'GET' }, false, {}],
  [{ minDuration: 50n }, true, {}],
  [{ minDuration: 51n }, false, {}],
  [{ minDuration: 0n }, false, { duration: undefined }],
  [{ error: false }, true, {}],
  [{ error: true }, false, {}],
  [{ error: true }, true, { failed: 1 }],
  [{ error: false }, false, { failed: 1 }],
  [{}, false, { kind: 'ledger' }],
  [{ kind: 'ledger' }, true, { kind: 'ledger' }],
])('matches(%j) is %p', (query, expected, parts) => expect(matches({ ...trace, ...parts }, query)).toBe(expected))

test('newest first, then by id', () => {
  const traces = [
    { ...trace, traceId: 3n },
    { ...trace, traceId: 2n },
    { ...trace, start: 200n },
    { ...trace, start: 1n },
  ]
  expect(traces.sort(newestFirst).map((t) => [t.start, t.traceId])).toEqual([
    [200n, 1n],
    [100n, 2n],
    [100n, 3n],
    [1n, 1n],
  ])
})

test('a limit is a whole number above 0, by default 20', () => {
  expect([checkQuery({}).limit, checkQuery({ limit: 3 }).limit]).toEqual([20, 3])
  for (const limit of [0, -1, 1.5, Number.NaN])
    expect(() => checkQuery({ limit })).toThrow(/^traces: option "limit": expected a whole number above 0, got/)
})

test.each([
  [
    { limt: 1 },
    'traces: unknown option "limt"; the options are: from, to, kind, name, minDuration, error, service, data, where, limit',
  ],
  [{ from: new Date(0) }, 'traces: option "from": expected nanoseconds since 1970 as a bigint, such as'],
  [{ to: 1_700_000_000 }, 'BigInt(Date.now()) * 1_000_000n, got 1700000000'],
  [{ kind: 3 }, 'traces: option "kind": expected a string to match exactly, got 3'],
  [{ name: /x/ }, 'traces: option "name": expected a string to match exactly, got a RegExp'],
  [{ minDuration: 5 }, 'traces: option "minDuration": expected nanoseconds as a bigint, such as 5_000_000n, got 5'],
  [{ error: 'yes' }, 'traces: option "error": expected true or false, got "yes"'],
  [
    null,
    'traces: expected an object with any of the options from, to, kind, name, minDuration, error, service, data, where, limit, got null',
  ],
])('the query %p is refused, and why', (query, message) => {
  const refused = expect(() => Reflect.apply(checkQuery, undefined, [query]))
  refused.toThrow(expect.objectContaining({ code: 'TRACE_BAD_QUERY', message: expect.stringContaining(message) }))
})

test('a query may hold every condition there is', () => {
  const query = { from: 1n, to: 2n, kind: 'request', name: '', minDuration: 0n, error: false, limit: 7 }
  expect(checkQuery(query)).toEqual(query)
})

describe('listTraces', () => {
  const spans = [
    aSpan({ traceId: 1n, spanId: 1n, start: 10n, finish: undefined, name: 'open' }),
    aSpan({ traceId: 2n, spanId: 3n, parentId: 2n, start: 25n, data: { 'error.type': 'Error' } }),
    aSpan({ traceId: 3n, spanId: 4n, start: 20n, name: 'same time' }),
    aSpan({ traceId: 1n, spanId: 1n, start: 10n, finish: 15n, name: 'finished' }),
    aSpan({ traceId: 2n, spanId: 2n, start: 20n, finish: 30n, name: 'first' }),
    aSpan({ traceId: 4n, spanId: 5n, start: 40n, kind: 'ledger' }),
  ]

  test('has a line for each trace, newest first, and each span once', () => {
    const traces = listTraces(spans, {})
    expect(traces.map(({ traceId, name, spans, open }) => [traceId, name, spans, open])).toEqual([
      [2n, 'first', 2, 0],
      [3n, 'same time', 1, 0],
      [1n, 'finished', 1, 0],
    ])
  })

  test('has those which match only, and at most as many as the limit', () => {
    const ids = (query: TraceQuery) => listTraces(new Set(spans), query).map(({ traceId }) => traceId)
    expect(ids({ error: true })).toEqual([2n])
    expect(ids({ limit: 1 })).toEqual([2n])
    expect(ids({ limit: 1, error: false })).toEqual([3n])
    expect(ids({ kind: 'ledger' })).toEqual([4n])
  })

  test('refuses a query with a mistake', () => {
    expect(() => listTraces(spans, { limit: 0 })).toThrow(expect.objectContaining({ code: 'TRACE_BAD_QUERY' }))
    expect(() => Reflect.apply(listTraces, undefined, [[], { nam: 'x' }])).toThrow('unknown option "nam"')
  })
})

test('a trace is looked up by a bigint', () => {
  for (const id of [0n, 42n, -1n, 2n ** 70n]) checkTraceId(id)
  const message = "trace: expected a trace's id as a bigint, such as 42n or parseId('42'), got \"42\""
  expect(() => checkTraceId('42')).toThrow(message)
})
