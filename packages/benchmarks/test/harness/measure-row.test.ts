import { expect, test } from '@jest/globals'
import { measureRow } from '../../src/harness/measure-row.js'
import type { Row, Side } from '../../src/harness/row.js'

/** Sides that give these values, and note when. */
function sidesInOrder(): { readonly order: string[]; side(name: string, values: number[]): Side } {
  const order: string[] = []
  return {
    order,
    side: (name, values) => async () => ({
      sample: async () => {
        order.push(name)
        const value = values.shift() ?? Number.NaN
        return { value, cpu: 3 * value, others: { size: 7 * value } }
      },
      close: async () => void order.push(`close ${name}`),
    }),
  }
}

test('sides are measured in turns, each goes first once, and they are compared turn by turn', async () => {
  const { order, side } = sidesInOrder()
  const row: Row = {
    name: 'example',
    title: 'an example',
    unit: 'ns',
    // The machine is ten times as slow in the second turn, and a hundred times in the third.
    sides: { a: side('a', [1, 10, 100]), b: side('b', [2, 20, 200]), c: side('c', [3, 50, 300]) },
    readings: [
      { label: 'ratio', of: 'b', dividedBy: 'a', goal: { atLeast: 2 } },
      { label: 'difference', of: 'b', minus: 'a', goal: { atMost: 5 } },
      { label: 'ratio of what is more', of: 'b', dividedBy: 'c', minus: 'a' },
      { label: 'another figure', of: 'b', minus: 'a', figure: 'size' },
    ],
    starts: 1,
    samples: 3,
  }
  const { sides, readings } = await measureRow(row, { quick: false, spans: 20, folder: '' })
  expect(order.join()).toBe('a,b,c,b,c,a,c,a,b,close a,close b,close c')
  expect(sides['a']?.median).toBe(10)
  expect(readings.map(({ median, low, high, byCpu, met }) => ({ median, low, high, byCpu, met }))).toEqual([
    { median: 2, low: 2, high: 2, byCpu: 2, met: true },
    { median: 10, low: 5.5, high: 55, byCpu: 30, met: false },
    { median: 0.5, low: 0.5, high: 0.5, byCpu: 0.5, met: undefined },
    { median: 70, low: 38.5, high: 385, byCpu: undefined, met: undefined },
  ])
})

test('a sample may be the mean of several bursts, which are in turns with those of the other sides', async () => {
  const { order, side } = sidesInOrder()
  const row: Row = {
    name: 'example',
    title: 'an example',
    unit: 'ns',
    sides: { a: side('a', [1, 3, 10, 30]), b: side('b', [2, 4, 20, 40]) },
    readings: [
      { label: 'difference', of: 'b', minus: 'a' },
      { label: 'another figure', of: 'b', minus: 'a', figure: 'size' },
    ],
    starts: 1,
    samples: 2,
    bursts: 2,
  }
  const { sides, readings } = await measureRow(row, { quick: false, spans: 20, folder: '' })
  expect(order.join()).toBe('a,b,b,a,b,a,a,b,close a,close b')
  expect(sides['a']?.samples).toEqual([2, 20])
  expect(sides['a']?.cpu).toBe(33)
  expect(readings.map(({ low, high, byCpu }) => ({ low, high, byCpu }))).toEqual([
    { low: 3.25, high: 7.75, byCpu: 16.5 },
    { low: 22.75, high: 54.25, byCpu: undefined },
  ])
})

test('where differences are little beside the noise, their ratio is that of the medians', async () => {
  const { side } = sidesInOrder()
  const row: Row = {
    name: 'example',
    title: 'an example',
    unit: 'ns',
    sides: {
      a: side('a', [100, 100, 100, 200, 200, 200]),
      b: side('b', [120, 130, 120, 240, 220, 240]),
      c: side('c', [110, 90, 120, 199, 220, 240]),
    },
    readings: [{ label: 'ratio of what is more', of: 'b', dividedBy: 'c', minus: 'a', goal: { atMost: 1.5 } }],
    starts: 2,
    samples: 3,
  }
  const { readings } = await measureRow(row, { quick: false, spans: 20, folder: '' })
  expect(readings).toEqual([
    expect.objectContaining({
      median: expect.closeTo(2),
      low: expect.closeTo(2),
      byCpu: expect.closeTo(2),
      met: false,
    }),
  ])
})
