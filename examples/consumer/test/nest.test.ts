import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseYaml } from '@trace/yamlrec'
import { unpack } from '../src/packed.js'
import { runNode } from '../src/run.js'
import { freePort } from '../src/servers.js'
import { tarballs } from './support/tarballs.js'

// The application that `nest new` makes, with its own settings for Jest (ts-jest, no flag for Node), and with tracing added.

const here = fileURLToPath(new URL('..', import.meta.url))
const project = join(here, '.packed', 'nest')
const require = createRequire(join(here, 'package.json'))
const jest = join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js')
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

beforeAll(async () => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  cpSync(join(here, 'nest'), project, { recursive: true })
  await unpack(tarballs, project)
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

test('its unit tests pass, and its end-to-end tests, which look at the names of spans', async () => {
  const { all } = await runNode([jest, '--projects', '.', './test/jest-e2e.json'], { cwd: project })
  expect(all).toMatch(/Test Suites: +2 passed, 2 total\nTests: +4 passed, 4 total/)
})

test('built and started, it records what it is asked, and what it still holds as it is stopped', async () => {
  await runNode([compiler, '-p', 'tsconfig.json'], { cwd: project })
  const port = await freePort()
  const env = { ...process.env, PORT: `${port}`, TRACE_RECORDER: 'yaml:traces.yaml' }
  const app = spawn(process.execPath, ['dist/main'], { cwd: project, env, stdio: 'ignore' })
  const ended = new Promise((resolve) => app.once('close', resolve))
  try {
    expect(await (await getOnceUp(`http://localhost:${port}/cats/7`)).json()).toEqual({ id: '7' })
  } finally {
    app.kill('SIGTERM')
    await ended
  }
  const { spans, skipped } = await parseYaml(readFileSync(join(project, 'traces.yaml')))
  expect(skipped).toBe(0)
  expect(spans.map(({ process, kind, name }) => `${process.split(':')[0]} ${kind} ${name}`).sort()).toEqual([
    'nest-app db find cat',
    'nest-app ledger spans',
    'nest-app request GET /cats/:id',
  ])
})

async function getOnceUp(url: string): Promise<Response> {
  for (let turn = 0; ; turn++) {
    try {
      return await fetch(url)
    } catch (error) {
      if (turn === 1_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
