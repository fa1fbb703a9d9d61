import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

test('an import loads none of the parts of Node that take long, and are not needed to start', () => {
  const entries = ['index.js', 'text-file/index.js'].map((file) => new URL(`../dist/${file}`, import.meta.url).href)
  const program = `
    const before = new Set(process.moduleLoadList)
    for (const entry of ${JSON.stringify(entries)}) await import(entry)
    console.log(process.moduleLoadList.filter((name) => !before.has(name)).join('\\n'))`
  const flags = ['--input-type=module', '-e', program]
  const loaded = spawnSync(process.execPath, flags, { encoding: 'utf8' }).stdout
  expect(loaded).toContain('fs/promises')
  expect(loaded).not.toMatch(/\b(fs\/streams|zlib|worker_threads|http|parse_args|mime|undici|perf_hooks)\b/)
})
