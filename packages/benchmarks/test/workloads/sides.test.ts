import { expect, test } from '@jest/globals'
import { rows } from '../../src/rows/index.js'
import { benchQuickly, expectNumbers } from '../support/bench.js'

/**
 * About one and a half times what was measured: on Node 20 and 24 a span allocates about 330 bytes more than the hand-written
 * floor, and its YAML about 300 bytes. Neither depends on how busy the machine is.
 */
const MOST_BYTES = { overFloor: 500, yaml: 450 }

test('a span and its YAML allocate no more bytes than they did', () => {
  const quick = benchQuickly('--only', 'bytes', '--only', 'yaml-bytes')
  const { results } = quick
  expectNumbers(
    rows.filter(({ name }) => name === 'bytes' || name === 'yaml-bytes'),
    quick,
  )
  const bytes = (name: string, side: string): number =>
    results.rows.find((row) => row.name === name)?.sides[side]?.median ?? Number.NaN
  const floor = bytes('bytes', 'floor')
  expect(bytes('bytes', 'trace') - floor).toBeLessThan(MOST_BYTES.overFloor)
  expect(bytes('yaml-bytes', 'trace')).toBeLessThan(MOST_BYTES.yaml)
  // The figures are those of allocations: the floor allocates an object of four values and their bigints, a span more.
  expect(floor).toBeGreaterThan(100)
  expect(floor).toBeLessThan(bytes('bytes', 'trace'))
})
