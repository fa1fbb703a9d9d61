import { describe, expect, test } from '@jest/globals'
import { parseSearch, SearchError } from '@trace/analysis'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { prepareSearch } from '../../src/wire/data-lines.js'
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
    fc.string({ minLength: 1, maxLength: 2 }),
    fc.constantFrom(
      'a',
      'A',
      'é',
      'true',
      '1',
      'null',
      'n',
      'bigint',
      'request',
      'İ',
      'a.b',
      'e',
      '0',
      ':',
      '{',
      '"a"',
    ),
  )
  const quoted = text.map((each) => `"${each.replaceAll(/["\\]/g, '\\$&')}"`)
  const ofKey = fc.constantFrom('', ':1', ':>0', ':<=5', ':<0', ':"a"', ':*a', ':true', ':*', ':"*"', ':[')
  const ofField = fc.constantFrom(
    ...['status:error', 'status:ok', 'span:open', 'span:finished', 'span:root', 'duration:>1ms', 'duration:<=2us'],
    ...['service:a*', 'kind:db', 'kind:*e*', 'name:*', 'host:"b"', 'process:*1*', 'trace:1', 'id:*7', 'duration:>=0ns'],
  )
  const term = fc.oneof(
    quoted,
    fc.tuple(fc.oneof(quoted, fc.constantFrom('a.b', 'b', 'rows')), ofKey).map(([key, value]) => `@${key}${value}`),
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
    ...{ b: fc.oneof(fc.string(), fc.constant({ rows: 1 })) },
  })
  const spans = fc.array(
    fc.tuple(anySpan, fc.option(likely)).map(([span, data]) => (data === null ? span : { ...span, data })),
    { minLength: 1, maxLength: 5 },
  )

  test('finds neither more nor less than the search, where it is sure', () => {
    fc.assert(
      fc.property(spans, search, (given, asked) => {
        const q = asked.join(' ')
        const matches = matchesOf(q)
        if (matches === undefined) return
        const read = sent(given)
        const verdicts = sieveOf(read)?.verdicts(q) ?? new Uint8Array(read.length).fill(MAYBE)
        const found = read.map((each, at) => (verdicts[at] === MAYBE ? matches(each) : verdicts[at] === SURE))
        expect(found).toEqual(read.map(matches))
      }),
      { numRuns: 100 },
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
    ['@url.path:/items/17', [0, 0, 2, 1, 0]],
    ['-@url.path', [2, 2, 0, 1, 2]],
    ['kind:db', [2, 2, 2, 0, 2]],
    ['status:error', [0, 0, 0, 2, 0]],
    ['duration:>1us', [0, 0, 0, 2, 0]],
    ['host:c', [0, 0, 0, 2, 0]],
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
      { ...BASE, name: 'items' },
    ]
    expect(
      verdictsOn(
        given.map((span, at) => ({ ...span, spanId: BigInt(at + 1) })),
        q,
      ),
    ).toEqual(verdicts)
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
