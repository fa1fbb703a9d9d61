import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { startMongo } from '../../../channels/test/support/mongo-server.js'
import { hasPostgresql, isInstalled, startPostgresql, startServer } from '../../../channels/test/support/servers.js'
import { type Compared, compared, ofOurs, ofTheirs, type TheirSpan } from '../support/compared.js'

const support = fileURLToPath(new URL('../support', import.meta.url))

// The newest line of OpenTelemetry's packages is for Node 22.15 and later, and for version 1.10 of its API.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const line = major > 22 || (major === 22 && minor >= 15) ? 'newest' : 'older'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trace-newest-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** A project that has the newest line, what it instruments, and ours, which find the API there. @returns its program */
async function installNewest(): Promise<string> {
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(support, 'newest', file), join(folder, file))
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await promisify(execFile)('npm', ['ci', ...options], { cwd: folder })
  const inModules = (name: string): string => join(folder, 'node_modules', name)
  for (const name of ['graphql', 'ioredis', 'mongodb', 'pg']) symlinkSync(folderOf(name), inModules(name))
  mkdirSync(inModules('@trace'))
  for (const name of ['core', 'otel']) {
    const from = fileURLToPath(new URL(`../../../${name}`, import.meta.url))
    for (const part of ['package.json', 'dist'])
      cpSync(join(from, part), join(inModules('@trace'), name, part), { recursive: true })
  }
  const program = join(folder, 'instrumented.cjs')
  copyFileSync(join(support, 'instrumented.cjs'), program)
  return program
}

function folderOf(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
}

/** The version of an instrumentation of the line. */
function versionOf(name: string): string {
  const { dependencies } = JSON.parse(readFileSync(join(support, 'newest', 'package.json'), 'utf8'))
  const whole = `@opentelemetry/instrumentation-${name}`
  return line === 'newest' ? dependencies[whole] : createRequire(import.meta.url)(`${whole}/package.json`).version
}

interface Side {
  readonly side: 'sdk' | 'bridge'
  readonly program: string
  readonly servers: Readonly<Record<string, number>>
}

/** The spans that the program prints. Bigints are texts with an n. */
async function run({ side, program, servers }: Side): Promise<unknown[]> {
  // What was inserted before is there no more.
  const mongodb = await startMongo()
  // Both the old and the new names of attributes.
  const env = { ...process.env, OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup,database/dup', NODE_OPTIONS: '--no-warnings' }
  const args = [program, side, line, JSON.stringify({ ...servers, mongodb: mongodb.port })]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 24 })
    return JSON.parse(stdout, (_key, value) =>
      typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
    )
  } finally {
    await mongodb.stop()
  }
}

function theirsOf(span: unknown): Compared {
  const { context, ...rest } = span as { context: ReturnType<TheirSpan['spanContext']> } & Omit<
    TheirSpan,
    'spanContext'
  >
  return ofTheirs({ ...rest, spanContext: () => context })
}

/** The names of spans, each below its parent. */
function treeOf(spans: readonly Compared[], parent = ''): unknown[] {
  return spans.filter((each) => each.parent === parent).map(({ name, kind }) => `${kind[0]} ${name}`)
}

const onServers = isInstalled('redis-server') && hasPostgresql() ? test : test.skip

onServers(
  `OpenTelemetry's instrumentations, the ${line} line, give the spans on the bridge that they give on its SDK, field by field`,
  async () => {
    const program = line === 'newest' ? await installNewest() : join(support, 'instrumented.cjs')
    const [redis, postgres] = await Promise.all([startServer('redis-server'), startPostgresql()])
    try {
      const servers = { redis: redis.port, postgres: postgres.port }
      const theirs = compared((await run({ side: 'sdk', program, servers })).map(theirsOf))
      const ours = compared((await run({ side: 'bridge', program, servers })).map((span) => ofOurs(span as Span)))
      expect(ours).toEqual(theirs)
      const scopes = new Set(ours.map(({ scope }) => scope.replace('@opentelemetry/instrumentation-', '').trim()))
      expect([...scopes].sort()).toEqual([
        ...['graphql', 'http', 'ioredis', 'mongodb', 'pg'].map((name) => `${name} ${versionOf(name)}`),
        'program',
      ])
      expect(treeOf(ours, '/relay')).toEqual(['client GET'])
      expect(treeOf(ours, 'mongodb').toSorted()).toEqual([
        'db delete users',
        'db find users',
        'db insert users',
        'db update users',
      ])
      expect(treeOf(ours, 'redis')).toEqual(['db exec', 'db get', 'db get', 'db incr', 'db multi', 'db set', 'db set'])
      expect(treeOf(ours, 'graphql')).toEqual(expect.arrayContaining(['work graphql.parse', 'work query One']))
      expect(treeOf(ours, 'pg')).toEqual(expect.arrayContaining(['db pg.query:SELECT postgres', 'db pg-pool.connect']))
    } finally {
      await Promise.all([redis.stop(), postgres.stop()])
    }
  },
)
