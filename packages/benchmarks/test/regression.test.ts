import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/**
 * Half as much again as was measured: on Node 20 and 24 a span takes about 330 bytes more than the hand-written floor, and its
 * YAML about 1,370. Neither depends on how busy the machine is.
 */
const MOST_BYTES = { overFloor: 500, yaml: 2_050 }

test('a span, and its YAML, allocate no more than they did', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
  const json = join(folder, 'results.json')
  const args = ['--quick', '--only', 'bytes', '--only', 'yaml-bytes', '--json', json]
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  const { rows }: { rows: { name: string; sides: Record<string, { median: number }> }[] } = JSON.parse(
    readFileSync(json, 'utf8'),
  )
  rmSync(folder, { recursive: true })
  const bytes = (name: string, side: string): number =>
    rows.find((row) => row.name === name)?.sides[side]?.median ?? Number.NaN
  const floor = bytes('bytes', 'floor')
  expect(bytes('bytes', 'trace') - floor).toBeLessThan(MOST_BYTES.overFloor)
  expect(bytes('yaml-bytes', 'trace')).toBeLessThan(MOST_BYTES.yaml)
  // What is measured is what is allocated: an object of four values and their bigints, and no more than a span is.
  expect(floor).toBeGreaterThan(100)
  expect(floor).toBeLessThan(bytes('bytes', 'trace'))
}, 240_000)
