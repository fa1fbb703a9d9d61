import type { PlainValue, Span } from '@trace/core'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { readSpans } from '../../src/wire/read.js'
import { writeSpans } from '../../src/wire/write.js'

/** The spans as the page gets them. */
export function sent(spans: readonly Span[]): Span[] {
  return readSpans(writeSpans(spans)).spans
}

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const time = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
const leaf = fc.oneof(fc.string({ unit: anyCharacter }), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null))
const value = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
})).value
/** Spans with anything in their fields and data. */
export const anySpan: fc.Arbitrary<Span> = fc.record({
  spanId: id,
  traceId: id,
  parentId: id,
  process: fc.string({ unit: anyCharacter }),
  kind: fc.constantFrom('request', 'db', ''),
  name: fc.string(),
  start: time,
  finish: fc.option(time, { nil: undefined }),
  data: fc.dictionary(fc.oneof(fc.string({ unit: anyCharacter }), fc.constant('error.type')), value),
})
