import { describe, expect, test } from '@jest/globals'
import { parseSearch, SearchError } from '@trace/analysis'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { runs } from '../../../../.config/runs.js'
import { prepareSearch } from '../../src/wire/data-index.js'
import { MAYBE, SURE, sieveOf } from '../../src/wire/sieve.js'
import { anySpan, sent } from '../support/any-span.js'

const BASE: Span = {
  traceId: 1n,
  spanId: 1n,
  parentId: 0n,
  process: 'a:1@b',
  kind: 'db',
  name: '',
  start: 0n,
  finish: 1n,
  data: {},
}

/** A verdict on each span; none where the search has a mistake. */
function verdictsOn(spans: readonly Span[], q: string): number[] {
  return Array.from(sieveOf(sent(spans))?.verdicts(q) ?? [])
}

describe('a sieve', () => {
  const text = fc.oneof(
    fc.string({ minLength: 1, maxLength: 2, unit: anyCharacter }),
    fc.constantFrom(
      ...['a', 'A', 'é', 'true', '1', 'null', 'n', 'bigint', 'request', 'İ', 'a.b', 'e', '0', ':', '{', '"a"'],
    ),
    fc.constantFrom(
      ...['\\', '"', '\n', 'nσ', 'σ', 'ς', '😀', '\ud83d', '\ude00', '\u0000', 'u0000', 'ß', '","', ':1', '1,', ''],
    ),
  )
  const quoted = text.map((each) => `"${each.replaceAll(/["\\]/g, '\\$&')}"`)
  const ofKey = fc.constantFrom('', ':1', ':>0', ':<=5', ':<0', ':"a"', ':*a', ':true', ':*', ':"*"', ':[')
  const ofField = fc.constantFrom(
    ...['status:error', 'status:ok', 'span:open', 'span:finished', 'span:root', 'duration:>1ms', 'duration:<=2us'],
    ...[
      'service:a*',
      'id:0',
      'id:01',
      'trace:0',
      'kind:db',
      'kind:*e*',
      'name:*',
      'host:"b"',
      'process:*1*',
      'trace:1',
      'id:*7',
      'duration:>=0ns',
    ],
  )
  const term = fc.oneof(
    quoted,
    fc
      .tuple(fc.oneof(quoted, fc.constantFrom('a.b', 'b', 'rows', '.a', 'a.', 'a..b', '""', '"k\\""')), ofKey)
      .map(([key, value]) => `@${key}${value}`),
    ofField,
  )
  const search = fc.array(
    fc.tuple(fc.constantFrom('', '-'), term).map((parts) => parts.join('')),
    { minLength: 1, maxLength: 3 },
  )
  /** More like what programs write: the keys that are searched for, maps, and texts that look like JSON. */
  const likely = fc.record({
    ...{ rows: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.string(), fc.constant(7n), fc.constant([1, 'a'])) },
    ...{ a: fc.constantFrom('a', '"b":1', { b: 1 }, { b: 'a' }, '{"b":'), 'a.b': fc.constantFrom(1, 'A', true, null) },
    ...{
      b: fc.oneof(fc.string({ unit: anyCharacter }), fc.constant({ rows: 1 }), fc.constant([{ a: '}],"b":1' }, ['"']])),
    },
  })
  /** With escapes, halves of characters, and letters whose small form depends on what stands beside them, in keys and values. */
  const hostile = fc.dictionary(
    fc.constantFrom(
      ...['', 'a', 'b', 'a.b', 'a.', '.a', 'k"', 'k\\', '\n', 'rows', 'Σ', '__proto__', '\ud83d', '{', 'a":1,"b'],
    ),
    fc.oneof(
      fc.constantFrom(
        ...['', 'a', '\\', '\\"', '"', '\nΣ', 'ΑΣ', 'Σa', '\ud83d', '😀', '\u0000bigint', '}', ']', ',', '"a":1,', 'İ'],
      ),
      fc.constantFrom(
        ...[0, -0, 1e21, 123456789, 1234567890, -1, 0.5, Number.NaN, Infinity, 10n ** 20n, true, false, null],
      ),
      fc.constantFrom({}, [], { a: 1 }, { b: { a: 'a' } }, { 'a.b': 'A' }, ['\u0000bigint', 'x'], [[]], { '"': '\\' }),
    ),
    { maxKeys: 5 },
  )
  const spans = fc.array(
    fc
      .tuple(anySpan, fc.option(fc.oneof(likely, hostile)))
      .map(([span, data]) => (data === null ? span : { ...span, data })),
    { minLength: 1, maxLength: 8 },
  )

  test('finds neither more nor less than the search, where it is sure', () => {
    fc.assert(
      fc.property(spans, search, fc.array(fc.nat(), { maxLength: 8 }), (given, asked, order) => {
        const q = asked.join(' ')
        const matches = matchesOf(q)
        if (matches === undefined) return
        // In another order than they came in, and not all.
        const all = sent(given)
        const read = [...new Set(order.length === 0 ? all : order.map((at) => all[at % all.length] ?? BASE))]
        // As far as it has come in idle time when somebody searches.
        if (asked.length > 1) prepareSearch(read).next()
        const verdicts = sieveOf(read)?.verdicts(q) ?? new Uint8Array(read.length).fill(MAYBE)
        const found = read.map((each, at) => (verdicts[at] === MAYBE ? matches(each) : verdicts[at] === SURE))
        expect(found).toEqual(read.map(matches))
      }),
      { numRuns: runs(300) },
    )
  })

  test.each([
    ['items', [0, 0, 2, 2, 2]],
    ['items -name:items', [0, 0, 2, 2, 0]],
    ['rows', [0, 0, 0, 0, 0]],
    ['17', [0, 2, 2, 2, 0]],
    ['true', [0, 0, 2, 0, 0]],
    ['@rows:>10', [0, 2, 0, 2, 0]],
    ['@rows:>20', [0, 0, 0, 2, 0]],
    ['@rows', [0, 2, 2, 2, 0]],
    ['@rows:1*', [0, 2, 0, 2, 0]],
    ['@url.path:/items/17', [0, 0, 2, 0, 0]],
    ['-@url.path', [2, 2, 0, 2, 2]],
    ['@user.id:7', [0, 0, 0, 0, 1]],
    ['@note:"a \\"b\\""', [0, 0, 0, 0, 2]],
    ['"A \\""', [0, 0, 0, 0, 1]],
    ['kind:db', [2, 2, 2, 0, 2]],
    ['status:error', [0, 0, 0, 2, 0]],
    ['duration:>1us', [0, 0, 0, 2, 0]],
    ['host:c', [0, 0, 0, 2, 0]],
    ['trace:1', [2, 2, 2, 2, 2]],
    ['-trace:1', [0, 0, 0, 0, 0]],
    ['id:3', [0, 0, 1, 0, 0]],
    ['id:*3', [1, 1, 1, 1, 1]],
    ['ITEMS @rows', [0, 0, 2, 2, 0]],
  ])('%s: needs to parse next to nothing', (q, verdicts) => {
    const given = [
      { ...BASE, finish: undefined },
      { ...BASE, data: { rows: 17 } },
      { ...BASE, data: { rows: 7, 'url.path': '/items/17', done: true } },
      {
        ...BASE,
        ...{ parentId: 5n, process: 'a:1@c', kind: 'request', finish: 10_000n },
        data: { rows: 171, 'error.type': 'Items', path: 'x' },
      },
      { ...BASE, name: 'items', data: { user: { id: 7 }, note: 'a "b"' } },
    ]
    expect(
      verdictsOn(
        given.map((span, at) => ({ ...span, spanId: BigInt(at + 1) })),
        q,
      ),
    ).toEqual(verdicts)
  })

  test.each([
    ['σ', { a: '\nΣ' }],
    ['ΑΣ', { a: 'ΑΣ\\' }],
    ['"\\\\"', { a: '\\' }],
    ['\ude00', { a: '😀' }],
    ['u000', { a: '\u0000' }],
    ['10', { a: 10n ** 20n }],
    ['@a.b:1', { 'a.b': 2, a: { b: 1 } }],
    ['@a.b:1', { a: { b: 1 }, 'a.b': 2 }],
    ['@a.b:1', { a: { b: 1 } }],
    ['@"k\\"":1', { 'k"': 1 }],
    ['@a:"\\""', { a: '"' }],
    ['@a:>1e20', { a: 1e21 }],
    ['@a:1234567890', { a: 1_234_567_890 }],
    ['@b:1', { a: '}","b":1,"c":"' }],
    ['@b:1', { a: [{ b: 1 }], b: 1 }],
    ['@__proto__:1', JSON.parse('{"__proto__":1}')],
  ])('%s in %j is what the search says', (q, data) => {
    const read = sent([{ ...BASE, data }, BASE])
    const { matches } = parseSearch(q)
    const verdicts = sieveOf(read)?.verdicts(q) ?? []
    expect(read.map((each, at) => (verdicts[at] === MAYBE ? matches(each) : verdicts[at] === SURE))).toEqual(
      read.map(matches),
    )
  })

  test('finds the same when it was made ready in idle time', () => {
    const long = { long: 'x'.repeat(700_000), word: 'İstanbul' }
    const read = sent([1n, 2n, 3n].map((spanId) => ({ ...BASE, spanId, data: spanId === 2n ? {} : long })))
    expect([...prepareSearch(read)].length).toBeGreaterThan(1)
    expect(Array.from(sieveOf(read)?.verdicts('XXX') ?? [])).not.toContain(0)
  })

  test('is not made of spans that came in several ways', () => {
    const [first, second] = [sent([BASE]), sent([{ ...BASE, spanId: 2n }])]
    expect([sieveOf([...first, ...second]), sieveOf([...first, BASE]), sieveOf([])]).toEqual(Array(3).fill(undefined))
  })
})

/** A search with a mistake finds nothing, and nobody asks a sieve. */
function matchesOf(q: string): ((span: Span) => boolean) | undefined {
  try {
    return parseSearch(q).matches
  } catch (error) {
    if (error instanceof SearchError) return undefined
    throw error
  }
}
