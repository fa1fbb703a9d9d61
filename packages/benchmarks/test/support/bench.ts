import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from '@jest/globals'
import type { Results } from '../../src/harness/report.js'
import type { Row } from '../../src/harness/row.js'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** What `npm run bench` prints when it is given these options. */
export function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

/** Runs a smoke test, and returns what it prints and its results. */
export function benchQuickly(...args: string[]): { stdout: string; results: Results } {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
  try {
    const json = join(folder, 'results.json')
    const { status, stdout, stderr } = bench('--quick', '--json', json, ...args)
    if (status !== 0 || stderr !== '') throw new Error(`bench ended with ${status}: ${stderr}`)
    return { stdout, results: JSON.parse(readFileSync(json, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Expects a number for each side and each reading of these rows. */
export function expectNumbers(measured: readonly Row[], { stdout, results }: ReturnType<typeof benchQuickly>): void {
  expect(results.rows.map(({ name }) => name)).toEqual(measured.map(({ name }) => name))
  for (const row of measured) {
    const result = results.rows.find(({ name }) => name === row.name)
    expect(Object.keys(result?.sides ?? {})).toEqual(Object.keys(row.sides))
    for (const [side, { median, samples }] of Object.entries(result?.sides ?? {})) {
      expect([row.name, side, Number.isFinite(median), samples.length]).toEqual([row.name, side, true, 1])
    }
    const labels = result?.readings.filter(({ median }) => Number.isFinite(median)).map(({ label }) => label)
    expect(labels).toEqual(row.readings.map(({ label }) => label))
    expect(stdout).toContain(`${row.name}: ${row.title}`)
  }
}
