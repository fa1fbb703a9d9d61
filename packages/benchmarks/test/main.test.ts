import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Results } from '../src/harness/report.js'
import { rows } from '../src/rows/index.js'
import { bench } from './support/bench.js'

test.each([
  [['--fast'], "Unknown option '--fast'; see --help"],
  [['span'], 'unexpected argument span; see --help'],
  [['--compare', 'before.json'], '--compare takes two files, got 1'],
  [['--compare', 'no.json', 'no.json'], "ENOENT: no such file or directory, open 'no.json'; see --help"],
  [['--spans', 'many'], '--spans takes a whole number of at least 20, got many'],
  [['--only', 'spam'], `no row is called spam; there are: ${rows.map(({ name }) => name).join(', ')}`],
])('%j is refused in one line that says what is wrong', (args, message) => {
  expect(bench(...args)).toMatchObject({ status: 2, stdout: '', stderr: `bench: ${message}\n` })
})

test('--help explains every option', () => {
  const { status, stdout } = bench('--help')
  expect(status).toBe(0)
  for (const option of [
    '--only <row>',
    '--quick',
    '--spans <n>',
    '--json <file>',
    '--markdown',
    '--list',
    '--compare <before> <after>',
  ]) {
    expect(stdout).toContain(option)
  }
})

test('--list prints the rows that --only selects', () => {
  const { status, stdout } = bench('--list', '--only', 'scale', '--only', 'span')
  const names = stdout.split('\n').map((line) => line.split(' ')[0])
  expect([status, names]).toEqual([
    0,
    ['span', 'scale-open', 'scale-queued', 'scale-append', 'scale-find', 'scale-turns', ''],
  ])
})

test('--compare prints the medians of two files side by side', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
  const write = (name: string, node: string, samples: number[]): string => {
    const [low = 0, median = 0, high = 0] = samples
    const spread = { low, median, high }
    const row = {
      name: 'span',
      title: 'an empty span',
      unit: 'ns',
      sides: { trace: { ...spread, samples, cpu: undefined } },
      readings: [{ label: 'ratio', ...spread, byCpu: undefined, goal: undefined, met: undefined }],
      seconds: 1,
    }
    const results: Results = { node, machine: 'CPU', date: '2025-01-01', quick: false, rows: [row] }
    writeFileSync(join(folder, name), JSON.stringify(results))
    return join(folder, name)
  }
  const { status, stdout } = bench('--compare', write('a', 'v20', [1, 2, 3]), write('b', 'v24', [4, 5, 6]))
  const noise = bench('--compare', write('a', 'v20', [1, 2, 3]), write('b', 'v24', [3, 3, 4]))
  writeFileSync(join(folder, 'c'), '{}')
  const wrong = bench('--compare', join(folder, 'a'), join(folder, 'c'))
  rmSync(folder, { recursive: true })
  expect(status).toBe(0)
  expect(stdout.replace(/ +/g, ' ')).toBe(`before: Node v20, CPU, 2025-01-01
after: Node v24, CPU, 2025-01-01

span: an empty span
 trace 2 → 5 * ns
 → 2 → 5 * ratio

`)
  // The ranges overlap.
  expect(noise.stdout).toContain(' 3 ')
  expect(noise.stdout).not.toContain('*')
  expect(wrong).toMatchObject({ status: 2, stderr: `bench: ${join(folder, 'c')} does not hold results\n` })
})
