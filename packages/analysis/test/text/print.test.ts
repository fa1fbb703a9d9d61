import { describe, expect, test } from '@jest/globals'
import { formatDuration } from '../../src/text/duration.js'
import { printTrace } from '../../src/text/print.js'
import { columnsOf } from '../../src/text/styled.js'
import { aSpan } from '../support/spans.js'

const MS = 1_000_000n

describe('printTrace', () => {
  test('shows a trace as a tree with bars and durations', () => {
    const at = (start: bigint, finish: bigint) => ({ start: start * MS, finish: finish * MS })
    const text = printTrace(
      [
        aSpan({ spanId: 1n, name: 'GET /checkout', process: 'gateway:1@a', ...at(0n, 100n) }),
        aSpan({ spanId: 3n, parentId: 2n, kind: 'db', name: 'load', process: 'orders:2@b', ...at(30n, 50n) }),
        aSpan({
          spanId: 2n,
          parentId: 1n,
          name: 'POST /orders',
          process: 'orders:2@b',
          data: { 'error.type': 'Error', 'error.message': 'out of\nstock' },
          ...at(25n, 75n),
        }),
        aSpan({
          spanId: 4n,
          parentId: 1n,
          kind: 'work',
          name: 'audit',
          process: '',
          start: 75n * MS,
          finish: undefined,
        }),
      ],
      { width: 80 },
    )
    expect(text).toBe(
      [
        'trace 42 · 4 spans · 100 ms so far · 1 failed · 1 open',
        'gateway  request  GET /checkout  │█████████━━━━━━━━━━━━━━━━━━█████████│   100 ms',
        '├─ orders  request  POST /orders │         ██━━━━━━━█████████         │  50.0 ms  ✗ Error: out of\\u{a}stock',
        '│  └─ orders  db  load           │           ███████                  │  20.0 ms',
        '└─ work  audit                   │                           ░░░░░░░░░│     open',
        '',
      ].join('\n'),
    )
  })

  test('says that a parent is missing, or that parents form a circle', () => {
    const text = printTrace([
      aSpan({ parentId: 7n }),
      aSpan({ spanId: 1n, parentId: 2n }),
      aSpan({ spanId: 2n, parentId: 1n }),
    ])
    expect(text).toContain('(parent 7 missing)')
    expect(text).toContain('(parents form a circle)')
  })

  test('says of a request that did not fail what was wrong with it', () => {
    const noteOf = (data: Record<string, number | string>): string =>
      printTrace([aSpan({ data })])
        .trimEnd()
        .split('\n')
        .at(-1)
        ?.split(' s  ')[1] ?? ''
    expect(noteOf({ 'http.response.status_code': 404 })).toBe('(404)')
    expect(noteOf({ 'http.end_reason': 'aborted', 'http.response.status_code': 200 })).toBe('(aborted)')
    expect(noteOf({ 'http.response.status_code': 500, 'error.type': '500', 'error.message': 'no' })).toBe('✗ 500: no')
    expect(noteOf({ 'http.response.status_code': 399 })).toBe('')
    expect(noteOf({ 'http.response.status_code': '<b>\n', 'http.end_reason': '\n' })).toBe('')
  })

  test.each([
    [{ widht: 80 }],
    [{ width: '80' }],
    [{ width: Number.NaN }],
    [{ stacks: 1 }],
    [{ width: Infinity }],
    [null],
  ])('the options %p are refused', (options) => {
    const refused = expect(() => Reflect.apply(printTrace, undefined, [[], options]))
    refused.toThrow(
      expect.objectContaining({ code: 'TRACE_BAD_OPTION', message: expect.stringMatching(/^printTrace: /) }),
    )
  })

  test('no spans are no text', () => expect(printTrace([])).toBe(''))

  test('whatever a name holds, a span is one line without control characters', () => {
    const name = '\u001b[2Jx\r\n\u0000\u009b\u202e\u2028\ud800 日本語 🚀 e\u0301'
    const text = printTrace([
      aSpan({ name, process: name, kind: name, data: { 'error.type': name, 'error.message': name } }),
    ])
    expect(text.trimEnd().split('\n')).toHaveLength(2)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
  })

  test('lines of wide characters end in the same column', () => {
    const names = ['日本語のとても長い名前'.repeat(8), '🚀 launch', 'plain', 'e\u0301t\u00e9']
    const spans = names.map((name, i) => aSpan({ spanId: BigInt(i + 1), name, process: '' }))
    const bars = printTrace(spans)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => columnsOf(line.slice(0, line.indexOf('│'))))
    expect(new Set(bars).size).toBe(1)
  })

  test('deep and large traces print', () => {
    const spans = Array.from({ length: 20_000 }, (_, i) => aSpan({ spanId: BigInt(i + 1), parentId: BigInt(i) }))
    const lines = printTrace(spans).trimEnd().split('\n')
    expect(lines).toHaveLength(20_001)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(130)
  })

  test('a clock that stands or runs backwards does no harm', () => {
    const text = printTrace([
      aSpan({ start: 10n, finish: 10n }),
      aSpan({ spanId: 2n, parentId: 1001n, start: 5n, finish: 3n }),
    ])
    expect(text).toContain('-2 ns')
  })
})

test.each([
  [0n, '0 ns'],
  [999n, '999 ns'],
  [1_234n, '1.23 µs'],
  [999_499n, '999 µs'],
  [999_999n, '1.00 ms'],
  [12_345_678n, '12.3 ms'],
  [2_500_000_000n, '2.50 s'],
  [59_990_000_000n, '1 min 0 s'],
  [200_000_000_000n, '3 min 20 s'],
  [7_380_000_000_000n, '2 h 3 min'],
  [-1_500_000n, '-1.50 ms'],
])('formatDuration(%p) is %s', (duration, text) => expect(formatDuration(duration)).toBe(text))
