import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { textOf, Utf8Piece, Utf8Text } from '../../src/text-file/utf8-text.js'
import { END_TIME, FIRST_TIME, formatTime } from '../../src/values/time.js'

const written = (add: (text: Utf8Text) => unknown): string => textOf(undefined, (_, text) => void add(text))

const POWERS = Array.from({ length: 20 }, (_, exponent) => 10n ** BigInt(exponent))
const EDGES = [...POWERS, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((edge) => [edge - 1n, edge, edge + 1n])

describe('adds what strings would be', () => {
  test('ids', () => {
    for (const id of [...EDGES, -1n, -(2n ** 64n)]) expect(written((text) => text.addId(id))).toBe(String(id))
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (id) => written((text) => text.addId(id)) === String(id)),
      { numRuns: 5_000 },
    )
  })

  test('times', () => {
    fc.assert(
      fc.property(
        fc.bigInt(FIRST_TIME, END_TIME - 1n),
        fc.constantFrom(1n, 1_000n, 1_000_000n, 100_000_000n, 1_000_000_000n),
        (any, unit) => {
          const time = (any / unit) * unit
          return written((text) => text.addTime(time)) === formatTime(time)
        },
      ),
      { numRuns: 5_000 },
    )
    expect(() => written((text) => text.addTime(END_TIME))).toThrow(RangeError)
    // The first of a text, and the bits of such a time in another year.
    for (const time of [1n, 1n - 2n ** 64n, 1n + 2n ** 64n]) {
      const text = new Utf8Text()
      text.addTime(time)
      text.addTime(1n)
      expect(String(text)).toBe(formatTime(time) + formatTime(1n))
    }
  })

  test('short numbers, and no others', () => {
    const isShort = (number: number): boolean =>
      /^\d{1,6}(?:\.\d{1,3})?$/.test(String(number)) && !Object.is(number, -0)
    const holds = (number: number): boolean =>
      written((text) => expect(text.addShortNumber(number)).toBe(isShort(number))) ===
      (isShort(number) ? String(number) : '')
    for (const number of [
      0,
      -0,
      0.001,
      0.0005,
      1.0005,
      999_999.999,
      1e6,
      -1,
      -0.5,
      1e-7,
      1e21,
      NaN,
      Infinity,
      -Infinity,
    ]) {
      expect([number, holds(number)]).toEqual([number, true])
    }
    for (let number = 0; number < 2_000; number++) expect(holds(number / 1_000) && holds(number)).toBe(true)
    fc.assert(fc.property(fc.double(), holds), { numRuns: 2_000 })
    fc.assert(
      fc.property(fc.nat(2 ** 30), (thousandths) => holds(thousandths / 1_000)),
      { numRuns: 5_000 },
    )
  })

  test('any text, of any length', () => {
    const unit = fc.constantFrom(
      'a',
      'é',
      '\u0080',
      '\ud83d\ude00',
      '\ud83d',
      '\ude00',
      '\u2028',
      '\n',
      'b'.repeat(100),
    )
    fc.assert(
      fc.property(fc.array(fc.array(unit), { maxLength: 5 }), (texts) => {
        const pieces = texts.map((each) => each.join(''))
        const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
        const [text, copied] = [new Utf8Text(1), new Utf8Text(1)]
        for (const piece of pieces) text.addText(piece)
        for (const piece of pieces) copied.add(new Utf8Piece(piece))
        return text.bytes().equals(bytes) && copied.bytes().equals(bytes)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('bytes stay as they are whatever is added later', () => {
  const text = new Utf8Text(4)
  text.addText('abcd')
  const before = text.bytes()
  text.add(new Utf8Piece('e'))
  expect([String(before), String(text.bytes()), text.length]).toEqual(['abcd', 'abcde', 5])
  text.cutTo(9)
  text.cutTo(2)
  text.addText('x')
  expect(String(text)).toBe('abx')
})

test('a text that another is made for meanwhile stays apart from it', () => {
  expect(written((text) => text.addText(`a${written((inner) => inner.addText('b'))}c`))).toBe('abc')
  const nested = textOf('x', (value, text) => {
    text.addText(value)
    text.addText(written((inner) => inner.addText('y'.repeat(100_000))).slice(-1))
    text.addText(value)
  })
  expect(nested).toBe('xyx')
  expect(() =>
    textOf(0, () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(written((text) => text.addText('after'))).toBe('after')
})
