import { expect, test } from '@jest/globals'
import { rows } from '../../src/rows/index.js'
import { benchQuickly } from '../support/bench.js'

/**
 * Rows of servers are made of a framework and a load. Each framework and each load is tried here, but not each with each, for which
 * some fifty servers would be started. Of the rows of queries one with each way to a server is tried. `TRACE_TEST_LONG=1` tries them all.
 */
const MANY = /^(http|young|working|p99)-(fastify|express|node)$|^query-/
const TRIED = ['query-pg', 'query-redis', 'http-fastify', 'young-node', 'working-express', 'p99-express']
const isTried = (name: string): boolean =>
  process.env['TRACE_TEST_LONG'] === '1' || !MANY.test(name) || TRIED.includes(name)

test('every row gives numbers for all its sides, and for its readings', () => {
  const measurable = rows.filter(({ name, obstacle }) => isTried(name) && obstacle?.() === undefined)
  const { stdout, results } = benchQuickly('--markdown', ...measurable.flatMap(({ name }) => ['--only', name]))
  expect(measurable.map(({ name }) => name)).toEqual(expect.arrayContaining(TRIED))
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
  const figures = String.raw`( \| -?\d+\.\d \(-?\d+\.\d to -?\d+\.\d\))`
  expect(stdout).toMatch(new RegExp(String.raw`\| Node \d+, Fastify${figures}{3} \|\n`))
  for (const which of ['traced', 'hand-written']) {
    expect(stdout).toMatch(new RegExp(String.raw`\| Node \d+, Express, ${which}${figures}{6} \|\n`))
  }
  expect(stdout).toMatch(/Measured within .*p99-express \d+ s/)
})
