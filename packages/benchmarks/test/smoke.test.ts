import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { rows } from '../src/rows/index.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

interface Results {
  rows: {
    name: string
    sides: Record<string, { median: number; samples: number[] }>
    readings: { label: string; median: number }[]
  }[]
}

test('every row gives numbers for all its sides, and for what is read off them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
  const json = join(folder, 'results.json')
  const { status, stderr, stdout } = bench('--quick', '--json', json)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const results: Results = JSON.parse(readFileSync(json, 'utf8'))
  rmSync(folder, { recursive: true })
  expect(results.rows.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
  for (const row of rows) {
    const result = results.rows.find(({ name }) => name === row.name)
    expect(Object.keys(result?.sides ?? {}).sort()).toEqual(Object.keys(row.sides).sort())
    for (const [side, { median, samples }] of Object.entries(result?.sides ?? {})) {
      expect([row.name, side, Number.isFinite(median), samples.length]).toEqual([row.name, side, true, 1])
    }
    const labels = result?.readings.filter(({ median }) => Number.isFinite(median)).map(({ label }) => label)
    expect(labels).toEqual(row.readings.map(({ label }) => label))
    expect(stdout).toContain(`${row.name}: ${row.title}`)
  }
}, 240_000)

test('a wrong option is one line that says what is wrong', () => {
  const unknown = bench('--fast')
  expect([unknown.status, unknown.stdout]).toEqual([2, ''])
  expect(unknown.stderr).toBe("bench: Unknown option '--fast'; --help says which there are\n")
  const { status, stderr } = bench('--only', 'spam')
  expect(status).toBe(2)
  expect(stderr).toMatch(/^bench: no row is called spam; there are: span, .*\n$/)
})

test('--help says what options there are', () => {
  const { status, stdout } = bench('--help')
  expect(status).toBe(0)
  for (const option of ['--only <row>', '--quick', '--json <file>', '--list']) expect(stdout).toContain(option)
})

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}
