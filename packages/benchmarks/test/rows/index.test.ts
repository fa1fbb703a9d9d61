import { expect, test } from '@jest/globals'
import { isAll } from '../../../../.config/runs.js'
import { rows } from '../../src/rows/index.js'
import { benchQuickly, expectNumbers } from '../support/bench.js'

/**
 * Rows of servers are made of a framework and a load. Each framework and each load is tried here, but not each with each, for which
 * some fifty servers would be started. Of the rows of queries one with each way to a server is tried. `TRACE_TEST_LONG=1` tries them all.
 */
const MANY = /^(http|young|working|p99)-(fastify|express|node)$|^query-/
const TRIED = ['query-pg', 'query-redis', 'http-fastify', 'young-node', 'working-express', 'p99-express']
/** Where tests leave something out: the shortest of each file of rows, and what prints tables. */
const FEW =
  /^(span|query-pg|http-fastify|working-express|p99-express|yaml-read|command-(newest|jq)|import|size|scale-open)$/
/** Those of allocations are tried in `../workloads/sides.test.ts`. */
const ALLOCATIONS = ['bytes', 'yaml-bytes']

function isTried(name: string): boolean {
  if (process.env['TRACE_TEST_LONG'] === '1') return true
  return isAll ? !MANY.test(name) || TRIED.includes(name) : FEW.test(name)
}

test('rows give numbers for all their sides, and for their readings', () => {
  const measurable = rows.filter(
    ({ name, obstacle }) => isTried(name) && !ALLOCATIONS.includes(name) && obstacle?.() === undefined,
  )
  const quick = benchQuickly('--markdown', ...measurable.flatMap(({ name }) => ['--only', name]))
  const { stdout } = quick
  expect(measurable.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['query-pg', 'http-fastify', 'p99-express']),
  )
  expectNumbers(measurable, quick)
  const figures = String.raw`( \| -?\d+\.\d \(-?\d+\.\d to -?\d+\.\d\))`
  expect(stdout).toMatch(new RegExp(String.raw`\| Node \d+, Fastify${figures}{3} \|\n`))
  for (const which of ['traced', 'hand-written']) {
    expect(stdout).toMatch(new RegExp(String.raw`\| Node \d+, Express, ${which}${figures}{6} \|\n`))
  }
  expect(stdout).toMatch(/Measured within .*p99-express \d+ s/)
})
