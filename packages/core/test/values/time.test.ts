import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { formatTime, parseTime } from '../../src/values/time.js'

const FIRST = -62_167_219_200_000_000_000n
const END = 253_402_300_800_000_000_000n

describe('formatTime', () => {
  test.each([
    [0n, '1970-01-01T00:00:00Z'],
    [1n, '1970-01-01T00:00:00.000000001Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [1_445_346_855_123_456_789n, '2015-10-20T13:14:15.123456789Z'],
    [1_445_346_855_120_000_000n, '2015-10-20T13:14:15.12Z'],
    [FIRST, '0000-01-01T00:00:00Z'],
    [END - 1n, '9999-12-31T23:59:59.999999999Z'],
  ])('%p', (time, text) => expect(formatTime(time)).toBe(text))

  test.each([FIRST - 1n, END])('%p is out of range', (time) => {
    expect(() => formatTime(time)).toThrow(RangeError)
    expect(formatTime(0n)).toBe('1970-01-01T00:00:00Z')
  })
})

describe('parseTime', () => {
  test.each([
    ['2015-10-20T06:14:15.12345679-07:00', 1_445_346_855_123_456_790n],
    ['2015-10-20T13:14:15.1234567899Z', 1_445_346_855_123_456_789n],
    ['2016-02-29T00:00:00Z', 1_456_704_000_000_000_000n],
    ['2015-10-20t13:14:15z', 1_445_346_855_000_000_000n],
    ['0000-01-01T00:00:00Z', FIRST],
  ])('%s', (text, time) => expect(parseTime(text)).toBe(time))

  test.each([
    '',
    '2015-10-20',
    '2015-10-20T13:14:15',
    '2015-02-29T00:00:00Z',
    '2015-13-01T00:00:00Z',
    '2015-10-20T24:00:00Z',
    '2015-10-20T13:60:00Z',
    '2015-10-20T13:14:15+24:00',
    ' 2015-10-20T13:14:15Z',
    '2015-10-20T13:14:15.Z',
    `2015-10-20T13:14:15.${'1'.repeat(5000)}Z`,
  ])('%p is no time', (text) => expect(parseTime(text)).toBeUndefined())

  test('undoes formatTime, for every time there is', () => {
    fc.assert(
      fc.property(fc.bigInt(FIRST, END - 1n), (time) => parseTime(formatTime(time)) === time),
      { numRuns: runs(5_000) },
    )
  })
})
