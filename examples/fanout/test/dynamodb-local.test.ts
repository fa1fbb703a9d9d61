import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const program = (end: string): string => `
  import { readdirSync } from 'node:fs'
  import { startLocalTable } from ${JSON.stringify(new URL('../dist/dynamodb-local.js', import.meta.url).href)}
  const table = await startLocalTable()
  console.log(readdirSync(process.env.TMPDIR).length)
  ${end}`

const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
const withJava = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0) >= 17 ? test : test.skip

// One that is stopped by a process that goes on runs in running.test.ts.
withJava.each([
  ['is stopped by a process that ends at once', 'table.stop(); process.exit()'],
  ['is forgotten', 'process.exit()'],
])('DynamoDB Local that %s leaves no temporary file behind', (_, end) => {
  const folder = mkdtempSync(join(tmpdir(), 'fanout-local-'))
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program(end)], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: folder },
  })
  expect(stdout).toBe('1\n')
  expect(readdirSync(folder)).toEqual([])
  rmSync(folder, { recursive: true })
})
