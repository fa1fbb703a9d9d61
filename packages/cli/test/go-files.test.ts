import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { expectGolden, trace } from './support/run.js'

// Each command over the files that the Go package wrote.
const folder = (name: string): string => fileURLToPath(new URL(`../../${name}/test/golden/`, import.meta.url))
const FILES = [
  ['example-v1.yaml', folder('yamlrec')],
  ['yamlrec-v1.yaml', folder('yamlrec')],
  ['json-v2.jsonl', folder('jsonrec')],
] as const
const out = mkdtempSync(join(tmpdir(), 'trace-go-'))
afterAll(() => rmSync(out, { recursive: true }))

const COMMANDS = [
  ['ls', '-n', '5'],
  ['show', 'last'],
  ['show', 'last', '--data', '--place'],
  ['stats', '-n', '5'],
  ['stats', '--by', 'kind'],
] as const

test.each(FILES)('%s is listed, shown and counted', async (file, cwd) => {
  let text = ''
  for (const args of COMMANDS) {
    const printed = await trace([...args, '--from', file], { cwd, env: { NO_COLOR: '1' } })
    expect(printed.code ?? 0).toBe(0)
    text += `$ trace ${args.join(' ')}\n${printed.out}\n`
  }
  expectGolden(`go-${file}.txt`, text)
})

test.each(FILES)('%s is diagnosed, compared with itself, exported and copied whole', async (file, cwd) => {
  const spans = async (path: string, from = cwd): Promise<number> =>
    (await trace(['ls', '--json', '-n', '1000', '--from', path], { cwd: from })).out
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(JSON.parse(line).spans), 0)
  expect([0, 1]).toContain((await trace(['doctor', file], { cwd })).code ?? 0)
  expect((await trace(['diff', file, file, '--fail-on', 'count+1%'], { cwd })).code ?? 0).toBe(0)
  for (const format of ['otlp', 'zipkin', 'jaeger', 'chrome', 'jsonl', 'yaml', 'html']) {
    const many = format === 'html' ? ['last'] : []
    const path = join(out, `${file}.${format}`)
    const { code, err } = await trace(['export', ...many, '--from', file, '--to', format, '--out', path], { cwd })
    expect([format, code ?? 0, err.includes('cannot')]).toEqual([format, 0, false])
    expect(readFileSync(path).length).toBeGreaterThan(100)
  }
  for (const format of ['jsonl', 'yaml']) expect(await spans(`${file}.${format}`, out)).toBe(await spans(file))
  const copy = join(out, `copy-${file}`)
  expect((await trace(['copy', file, copy], { cwd })).code ?? 0).toBe(0)
  expect(await spans(copy)).toBe(await spans(file))
})
