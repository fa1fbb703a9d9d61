import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { startMongo } from '../../../channels/test/support/mongo-server.js'
import { hasPostgresql, isInstalled, startPostgresql, startServer } from '../../../channels/test/support/servers.js'
import { type Compared, compared, ofOurs, ofTheirs, type TheirSpan } from '../support/compared.js'

const program = fileURLToPath(new URL('../support/instrumented.cjs', import.meta.url))

/** The spans that the program prints. Bigints are texts with an n. */
async function run(side: 'sdk' | 'bridge', servers: Readonly<Record<string, number>>): Promise<unknown[]> {
  // What was inserted before is there no more.
  const mongodb = await startMongo()
  // Both the old and the new names of attributes.
  const env = { ...process.env, OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup,database/dup', NODE_OPTIONS: '--no-warnings' }
  const args = [program, side, JSON.stringify({ ...servers, mongodb: mongodb.port })]
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
  "OpenTelemetry's instrumentations give the spans on the bridge that they give on its SDK, field by field",
  async () => {
    const [redis, postgres] = await Promise.all([startServer('redis-server'), startPostgresql()])
    try {
      const servers = { redis: redis.port, postgres: postgres.port }
      const theirs = compared((await run('sdk', servers)).map(theirsOf))
      const ours = compared((await run('bridge', servers)).map((span) => ofOurs(span as Span)))
      expect(ours).toEqual(theirs)
      const scopes = new Set(
        ours.map(({ scope }) => scope.split(' ')[0]?.replace('@opentelemetry/instrumentation-', '')),
      )
      expect([...scopes].sort()).toEqual(['graphql', 'http', 'ioredis', 'mongodb', 'pg', 'program'])
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
