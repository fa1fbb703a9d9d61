import { describe, expect, test } from '@jest/globals'
import { PathStatistics } from '../../src/statistics/difference.js'
import { SpanStatistics } from '../../src/statistics/statistics.js'
import { type ListedTrace, listLines } from '../../src/text/list.js'
import { callsDot, callsLines, callsMermaid, differenceLines, statisticsLines } from '../../src/text/statistics.js'
import { columnsOf } from '../../src/text/styled.js'
import { aSpan } from '../support/spans.js'

const MS = 1_000_000n
const HOSTILE = '\u001b[2J"];&<script>\n\u202e日本語 | --> `x`'

const SPANS = [
  aSpan({ spanId: 1n, start: 0n, finish: 100n * MS, process: 'gateway:1@a' }),
  aSpan({
    spanId: 2n,
    parentId: 1n,
    start: 10n * MS,
    finish: 70n * MS,
    process: 'orders:2@b',
    data: { 'error.type': 'Error' },
  }),
  ...Array.from({ length: 40 }, (_, at) =>
    aSpan({
      spanId: BigInt(at + 10),
      parentId: 2n,
      kind: 'db',
      name: 'select price',
      process: 'orders:2@b',
      start: BigInt(at + 11) * MS,
      finish: BigInt(at + 12) * MS,
    }),
  ),
]

function statisticsOf(spans = SPANS) {
  const statistics = new SpanStatistics()
  for (const span of spans) statistics.add(span)
  return statistics.result()
}

function pathsOf(spans = SPANS): PathStatistics {
  const statistics = new PathStatistics()
  statistics.addTrace(spans)
  return statistics
}

describe('statisticsLines', () => {
  test('at 120 columns', () => {
    expect(statisticsLines(statisticsOf(), { width: 120 })).toEqual([
      'count  per s  failed  open      p50      p90      p99      max  self  durations     spans',
      '   40    400                1.00 ms  1.00 ms  1.00 ms  1.00 ms   40%  █             orders  db  select price',
      '    1     10                 100 ms   100 ms   100 ms   100 ms   40%             █  gateway  request  GET /',
      '    1     10       1        60.0 ms  60.0 ms  60.0 ms  60.0 ms   20%            █   orders  request  GET /',
    ])
  })

  test('spans that are open have no durations', () => {
    const open = aSpan({
      spanId: 99n,
      kind: 'work',
      name: 'waits',
      start: 0n,
      finish: undefined,
      process: 'orders:2@b',
    })
    expect(statisticsLines(statisticsOf([...SPANS, open]), { width: 120 }).at(-1)).toBe(
      '    1     10             1                                      0.0%                orders  work  waits',
    )
  })

  test('at 60 columns', () => {
    expect(statisticsLines(statisticsOf(), { width: 60 })[1]).toBe(
      '   40          1.00 ms   40%  orders  db  select price',
    )
  })
})

test('callsLines, callsMermaid and callsDot', () => {
  const { calls } = statisticsOf()
  expect(callsLines(calls)).toEqual(['calls  failed     mean  from → to', '    1       1  60.0 ms  gateway → orders'])
  expect(callsMermaid(calls)).toBe(
    'flowchart LR\n  s0["gateway"]\n  s1["orders"]\n  s0 -->|"1, 60.0 ms, 1 failed"| s1\n',
  )
  expect(callsDot(calls)).toBe(
    'digraph calls {\n  rankdir=LR\n  s0 [label="gateway"]\n  s1 [label="orders"]\n  s0 -> s1 [label="1, 60.0 ms, 1 failed"]\n}\n',
  )
})

test('differenceLines', () => {
  const after = [
    ...SPANS.slice(0, 20),
    aSpan({
      spanId: 99n,
      parentId: 1n,
      start: 0n,
      finish: 5n * MS,
      kind: 'cache',
      name: 'get',
      process: 'gateway:1@a',
    }),
  ]
  expect(differenceLines(pathsOf().compareWith(pathsOf(after)))).toEqual([
    '       count  failed      p50  change  path',
    '     40 → 18          1.00 ms   noise  orders  db  select price  ← GET / ← GET /',
    'new        1          5.00 ms          gateway  cache  get  ← GET /',
    '           1           100 ms   noise  gateway  request  GET /',
    '           1       1  60.0 ms   noise  orders  request  GET /  ← GET /',
  ])
})

describe('listLines', () => {
  const trace: ListedTrace = {
    traceId: 42n,
    process: 'gateway:1@a',
    kind: 'request',
    name: 'GET /',
    start: 1_445_346_855_123_456_789n,
    duration: 100n * MS,
    spans: 4,
    failed: 0,
    open: 0,
  }

  test('has columns for what there is', () => {
    expect(
      listLines([
        trace,
        { ...trace, traceId: 7n, start: 1_445_346_856_000_000_000n, duration: undefined, failed: 1, lost: 3 },
      ]),
    ).toEqual([
      'start                    duration  spans  failed  lost  trace  first span',
      '2015-10-20 13:14:15.123    100 ms      4                   42  gateway  request  GET /',
      '2015-10-20 13:14:16.000      open      4       1     3      7  gateway  request  GET /',
    ])
    expect(listLines([{ ...trace, services: ['a', 'b', 'c', 'd'] }], { width: 120 })[1]).toContain('a, b, c +1')
    expect(listLines([])).toEqual([])
  })

  test('takes any time', () => expect(listLines([{ ...trace, start: 2n ** 70n }])[1]).toContain(`${2n ** 70n} ns`))
})

test('whatever was recorded, no table has control characters, and none is wider than asked', () => {
  const spans = SPANS.map((span) => ({
    ...span,
    name: HOSTILE,
    kind: HOSTILE,
    process: `${span.process.slice(0, 3)}${HOSTILE}`,
  }))
  const statistics = statisticsOf(spans)
  const width = 70
  const tables = [
    statisticsLines(statistics, { width }),
    callsLines(statistics.calls, { width }),
    differenceLines(pathsOf(spans).compareWith(pathsOf([])), { width }),
    listLines(
      [
        {
          traceId: 1n,
          process: HOSTILE,
          kind: HOSTILE,
          name: HOSTILE,
          start: 0n,
          duration: 1n,
          spans: 1,
          failed: 0,
          open: 0,
        },
      ],
      { width },
    ),
  ]
  for (const line of tables.flat()) {
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(columnsOf(line)).toBeLessThanOrEqual(width)
  }
  const graphs = [callsMermaid(statistics.calls), callsDot(statistics.calls)]
  for (const graph of graphs) expect(graph.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(graphs[0]).not.toMatch(/<script>|`/)
})

test('a style colours each piece, and changes no column', () => {
  const plain = statisticsLines(statisticsOf())
  const styled = statisticsLines(statisticsOf(), { style: (text, role) => `<${role}>${text}</>` })
  expect(styled.map((line) => line.replace(/<[^>]*>/g, ''))).toEqual(plain)
})
