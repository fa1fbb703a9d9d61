import { expect, test } from '@jest/globals'
import { spreadOf } from '../../src/harness/statistics.js'

test('a spread is the median and the quartiles', () => {
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ median: 5, low: 3, high: 7 })
  expect(spreadOf([2, 1])).toEqual({ median: 1.5, low: 1.25, high: 1.75 })
  expect(() => spreadOf([])).toThrow(RangeError)
})
