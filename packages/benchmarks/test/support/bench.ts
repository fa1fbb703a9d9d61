import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Results } from '../../src/harness/report.js'

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
