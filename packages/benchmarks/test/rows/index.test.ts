import { expect, test } from '@jest/globals'
import { rows } from '../../src/rows/index.js'
import { benchQuickly } from '../support/bench.js'

test('every row gives numbers for all its sides, and for its readings', () => {
  const { stdout, results } = benchQuickly()
  const measurable = rows.filter(({ obstacle }) => obstacle?.() === undefined)
  expect(results.rows.map(({ name }) => name)).toEqual(measurable.map(({ name }) => name))
  for (const row of measurable) {
    const result = results.rows.find(({ name }) => name === row.name)
    expect(Object.keys(result?.sides ?? {})).toEqual(Object.keys(row.sides))
    for (const [side, { median, samples }] of Object.entries(result?.sides ?? {})) {
      expect([row.name, side, Number.isFinite(median), samples.length]).toEqual([row.name, side, true, 1])
    }
    const labels = result?.readings.filter(({ median }) => Number.isFinite(median)).map(({ label }) => label)
    expect(labels).toEqual(row.readings.map(({ label }) => label))
    expect(stdout).toContain(`${row.name}: ${row.title}`)
  }
})
