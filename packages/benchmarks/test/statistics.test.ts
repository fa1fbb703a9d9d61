import { expect, test } from '@jest/globals'
import { measureRow } from '../src/measure-row.js'
import type { Row, Side } from '../src/row.js'
import { spreadOf } from '../src/statistics.js'

test('a spread is the middle and the middle half', () => {
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ median: 5, low: 3, high: 7 })
  expect(spreadOf([2, 1])).toEqual({ median: 1.5, low: 1.25, high: 1.75 })
  expect(() => spreadOf([])).toThrow(RangeError)
})

test('sides are measured in turns, each first once, and compared turn by turn', async () => {
  const order: string[] = []
  const side =
    (name: string, values: number[]): Side =>
    async () => ({
      sample: async () => {
        order.push(name)
        return { value: values.shift() ?? Number.NaN }
      },
      close: async () => void order.push(`close ${name}`),
    })
  const row: Row = {
    name: 'example',
    title: 'an example',
    unit: 'ns',
    // The machine is ten times as slow in the second turn, and a hundred times in the third.
    sides: { a: side('a', [1, 10, 100]), b: side('b', [2, 20, 200]) },
    readings: [
      { label: 'ratio', of: 'b', dividedBy: 'a', goal: { atLeast: 2 } },
      { label: 'difference', of: 'b', minus: 'a', goal: { atMost: 5 } },
    ],
    starts: 1,
    samples: 3,
  }
  const { sides, readings } = await measureRow(row, { quick: false, folder: '' })
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b', 'close a', 'close b'])
  expect(sides['a']?.median).toBe(10)
  expect(readings.map(({ median, low, high, met }) => ({ median, low, high, met }))).toEqual([
    { median: 2, low: 2, high: 2, met: true },
    { median: 10, low: 5.5, high: 55, met: false },
  ])
})
