import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { transformSync } from '@swc/core'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

// The programs of the README that need a server. All others run in examples/consumer, which also checks the types of these.
const folder = fileURLToPath(new URL('..', import.meta.url))
const programs = `${folder}.snippets`
const NEEDY = /^<!-- NEEDS (\S+) -->\n+```ts\n([\s\S]*?)^```\n\n*```text\n([\s\S]*?)^```\n/gm
const needy = [...readFileSync(`${folder}README.md`, 'utf8').matchAll(NEEDY)].map(
  ([, server = '', code = '', prints = ''], at) => ({ server, code, prints, at }),
)

test('each names a server that there is', () => {
  expect(new Set(needy.map(({ server }) => server))).toEqual(new Set(['postgresql']))
})

const onServer = hasPostgresql() ? describe : describe.skip

onServer('on PostgreSQL', () => {
  let server: Server
  beforeAll(async () => {
    server = await startPostgresql()
    rmSync(programs, { recursive: true, force: true })
    mkdirSync(programs)
  })
  afterAll(async () => {
    rmSync(programs, { recursive: true })
    await server.stop()
  })

  test.each(needy.filter((each) => each.server === 'postgresql'))(
    'the program $at prints what the README says',
    ({ code, prints, at }) => {
      const file = `${programs}/${at}.mjs`
      writeFileSync(file, transformSync(code, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }).code)
      const env = {
        ...process.env,
        PGHOST: '127.0.0.1',
        PGPORT: `${server.port}`,
        PGUSER: 'postgres',
        PGDATABASE: 'postgres',
      }
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8', env })).toBe(prints)
    },
  )
})
