import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { yamlRecorder } from '@trace/yamlrec'
import { trace } from './support/run.js'
import { storySpans } from './support/story.js'

const readme = fileURLToPath(new URL('../README.md', import.meta.url))
const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))

/** The words of a command line: those in single quotes are one. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')

test('the commands of the README print what it says', async () => {
  const recorder = yamlRecorder({ path: join(cwd, 'traces.yaml') })
  await recorder.record(storySpans())
  await recorder.close?.()
  const text = readFileSync(readme, 'utf8')
  const blocks = [...text.matchAll(/^```text\n(\$ trace .*?)^```$/gms)].map(([, block = '']) => block)
  expect(blocks).toHaveLength(4)
  let updated = text
  for (const block of blocks) {
    let printed = ''
    for (const [, line = ''] of block.matchAll(/^\$ trace (.*)$/gm)) {
      const { code, out, err } = await trace(wordsOf(line), { cwd, env: { COLUMNS: '100' } })
      expect(code).toBe(0)
      printed += `$ trace ${line}\n${out}${err}\n`
    }
    updated = updated.replace(block, () => printed.replace(/\n\n$/, '\n'))
  }
  if (process.env['TRACE_TEST_UPDATE'] === '1') writeFileSync(readme, updated)
  expect(text).toBe(updated)
})
