import { describe, expect, test } from '@jest/globals'
import { parseSearch, SearchError } from '@trace/analysis'
import { isFailed as isFailedByData, type PlainValue, type Span } from '@trace/core'
import fc from 'fast-check'
import { isFailed, readSpans } from '../../src/wire/read.js'
import { prepareSieve, sieveFor } from '../../src/wire/sieve.js'
import { writeSpans } from '../../src/wire/write.js'

const sent = (spans: readonly Span[]): Span[] => readSpans(writeSpans(spans)).spans

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const time = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null))
const value = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
})).value
const span: fc.Arbitrary<Span> = fc.record({
  spanId: id,
  traceId: id,
  parentId: id,
  process: fc.string({ unit: 'binary' }),
  kind: fc.constantFrom('request', 'db', ''),
  name: fc.string(),
  start: time,
  finish: fc.option(time, { nil: undefined }),
  data: fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('error.type')), value),
})

/** A getter is no property of the object itself. */
function plain({ spanId, traceId, parentId, process, kind, name, start, finish, data }: Span): Span {
  return { spanId, traceId, parentId, process, kind, name, start, finish, data }
}

describe('a trace on the wire', () => {
  test('has all that its spans have', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (spans) => {
        expect(sent(spans).map(plain)).toEqual(spans)
        expect(sent(spans).map(isFailed)).toEqual(spans.map(isFailedByData))
      }),
      { numRuns: 60 },
    )
  })

  test('holds times that 64 bits do not at the ends', () => {
    const far = { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', data: {} }
    const [first] = sent([{ ...far, start: -(10n ** 30n), finish: 10n ** 30n }])
    expect([first?.start, first?.finish]).toEqual([-(2n ** 63n) + 1n, 2n ** 63n - 1n])
  })

  test('takes a list that looks like one of ours for what it says', () => {
    const data = { a: ['\u0000bigint', 'twelve'], b: ['\u0000bigint'], c: ['\u0000number', 'x', 'y'] }
    const [read] = sent([
      { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', start: 0n, finish: 1n, data },
    ])
    expect(read?.data).toEqual(data)
  })
})

describe('the sieve of a search', () => {
  const words = fc.oneof(
    fc.string({ minLength: 1, maxLength: 2 }),
    fc.constantFrom('a', 'A', 'é', 'true', '1', 'null', 'n', 'bigint', 'request', 'İ', 'a.b'),
  )
  const search = fc
    .tuple(
      fc.constantFrom('', '-', '@', '-@'),
      words,
      fc.constantFrom('', ':1', ':>0', ':<=5', ':<0', ':"a"', ':*a', ':true'),
    )
    .map(([before, word, value]) => {
      const text = `${before}"${word.replaceAll(/["\\]/g, '\\$&')}"`
      return before.endsWith('@') ? text + value : text
    })

  test('leaves all that the search finds', () => {
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 10 }),
        fc.array(search, { minLength: 1, maxLength: 2 }),
        (spans, asked) => {
          const { terms, matches } = parsed(asked.join(' '))
          const read = sent(spans)
          const passes = sieveFor(read, terms)
          for (const each of read) if (matches(each)) expect(passes?.(each) ?? true).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('finds the same when it was made ready in idle time', () => {
    const long = { long: 'x'.repeat(700_000), word: 'İstanbul' }
    const base = { traceId: 1n, parentId: 0n, process: 'a:1@b', kind: 'db', name: '', start: 0n, finish: 1n }
    const read = sent([1n, 2n, 3n].map((spanId) => ({ ...base, spanId, data: spanId === 2n ? {} : long })))
    const steps = [...prepareSieve(read)].length
    expect(steps).toBeGreaterThan(1)
    const passes = sieveFor(read, parseSearch('XXX').terms)
    expect(read.filter((each) => passes?.(each) ?? true).map(({ spanId }) => spanId)).toEqual(
      expect.arrayContaining([1n, 3n]),
    )
  })

  test('leaves out what has none of it', () => {
    const base = { traceId: 1n, parentId: 0n, process: 'a:1@b', kind: 'db', name: '', start: 0n, finish: 1n }
    const read = sent([
      { ...base, spanId: 1n, data: { path: '/Items/7' } },
      { ...base, spanId: 2n, data: {} },
      { ...base, spanId: 3n, data: { other: 1 } },
      { ...base, spanId: 4n, name: 'items', data: {} },
    ])
    const left = (asked: string): bigint[] =>
      read.filter(sieveFor(read, parseSearch(asked).terms) ?? (() => true)).map(({ spanId }) => spanId)
    expect(left('items')).toEqual([1n, 4n])
    expect(left('@path:*7')).toEqual([1n])
    expect(left('@path:/Items/7')).toEqual([1n])
    expect(left('@path:7')).toEqual([1n])
    expect(left('@path:8')).toEqual([])
    expect([left('@other:>0'), left('@other:>1'), left('@other:<=1')]).toEqual([[3n], [], [3n]])
    expect(left('DB')).toEqual([1n, 2n, 3n, 4n])
    expect(left('items @path')).toEqual([1n])
  })
})

/** A search that is no right one finds nothing. */
function parsed(text: string): Pick<ReturnType<typeof parseSearch>, 'terms' | 'matches'> {
  try {
    return parseSearch(text)
  } catch (error) {
    if (error instanceof SearchError) return { terms: [], matches: () => false }
    throw error
  }
}
