import { describe, expect, test } from '@jest/globals'
import { limitOf, matches, newestFirst, summarize } from '../src/query.js'
import type { TraceQuery, TraceSummary } from '../src/reader.js'
import { aSpan } from './spans.js'

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
      aSpan({ spanId: 3n, parentId: 2n, start: 5n, finish: undefined }),
    ])
    expect(summary).toEqual({
      traceId: 42n,
      process: 'users:4711@host-1',
      kind: 'request',
      name: 'first',
      start: 5n,
      duration: 85n,
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
  expect([limitOf({}), limitOf({ limit: 3 })]).toEqual([20, 3])
  for (const limit of [0, -1, 1.5, Number.NaN])
    expect(() => limitOf({ limit })).toThrow(/limit: expected a whole number above 0/)
})
