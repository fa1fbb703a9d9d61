import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { traceChannels } from '../../src/index.js'
import { queryText } from '../../src/libraries/redis.js'
import { recorded } from '../support/recorded.js'
import { isInstalled, type Server, startServer } from '../support/servers.js'

const SECRET = 'hunter2'
const onServer = isInstalled('redis-server') ? describe : describe.skip

test.each([
  ['get', ['user:1'], 'GET user:1'],
  ['SET', ['user:1', SECRET, 'EX', '5'], 'SET user:1 ? ? ?'],
  ['GETSET', ['user:1', SECRET], 'GETSET user:1 ?'],
  ['PSETEX', ['user:1', '5', SECRET], 'PSETEX user:1 ? ?'],
  ['HSET', ['user:1', 'password', SECRET], 'HSET user:1 ? ?'],
  ['HINCRBY', ['user:1', 'n', '5'], 'HINCRBY user:1 ? ?'],
  ['SISMEMBER', ['tokens', SECRET], 'SISMEMBER tokens ?'],
  ['ZADD', ['tokens', '1', SECRET], 'ZADD tokens ? ?'],
  ['LREM', ['tokens', '1', SECRET], 'LREM tokens ? ?'],
  ['AUTH', ['default', SECRET], 'AUTH ? ?'],
  ['HELLO', ['3', 'AUTH', 'default', SECRET], 'HELLO ? ? ? ?'],
  ['CONFIG', ['SET', 'requirepass', SECRET], 'CONFIG ? ? ?'],
  ['ACL', ['SETUSER', 'a', `>${SECRET}`], 'ACL ? ? ?'],
  ['EVAL', [`return "${SECRET}"`, '0'], 'EVAL ? ?'],
  ['MIGRATE', ['host', '1', SECRET], 'MIGRATE ? ? ?'],
  ['CLIENT', ['SETNAME', SECRET], 'CLIENT ? ?'],
  ['ECHO', [SECRET], 'ECHO ?'],
  ['MY.COMMAND', [SECRET], 'MY.COMMAND ?'],
  ['', [SECRET], 'COMMAND ?'],
])('of %s %j, the text is %j', (command, args, text) => {
  expect(queryText({ command, args })).toBe(text)
  // As node-redis gives them.
  if (command !== '') expect(queryText({ command, args: [command, ...args] })).toBe(text)
})

test('many arguments and long keys are cut', () => {
  const text = queryText({ command: 'MGET', args: Array.from({ length: 100_000 }, () => 'k'.repeat(1_000)) })
  expect(text.length).toBeLessThan(320)
  expect(text.endsWith(' …')).toBe(true)
})

test('nothing runs in the span of a command', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  await tracer.trace('work', 'outer', () =>
    tracingChannel('ioredis:command').tracePromise(() => tracer.span('work', 'inner', async () => {}), {
      command: 'get',
      args: ['key'],
    }),
  )
  stop()
  expect(await then.tree()).toEqual(['work outer', '  cache GET', '  work inner'])
})

onServer('on Redis', () => {
  let server: Server
  let stop = (): void => {}
  beforeAll(async () => {
    server = await startServer('redis-server')
  })
  afterAll(() => server.stop())
  afterEach(() => stop())

  test('commands of ioredis that wait for its connection are below that, since they are published only then', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const redis = new Redis(server.port, '127.0.0.1', { lazyConnect: true, enableReadyCheck: false })
    await tracer.trace('work', 'outer', () => redis.get('first'))
    redis.disconnect()
    const [outer, connecting, ...below] = await then.tree()
    expect([outer, connecting]).toEqual(['work outer', '  cache connect to redis'])
    expect(below).toContain('    cache GET')
  })

  test('commands of ioredis have spans: of pipelines and transactions, and failed ones, each below whoever sent it', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const redis = new Redis(server.port, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: 1 })
    await redis.connect()
    await tracer.trace('work', 'outer', async (outer) => {
      await redis.set('user:1', SECRET)
      expect(await redis.get('user:1')).toBe(SECRET)
      expect(currentSpan()).toBe(outer)
      await tracer.span('work', 'pipeline', () => redis.pipeline().incr('a').incr('b').exec())
      await tracer.span('work', 'transaction', () => redis.multi().incr('a').exec())
      await expect(redis.call('NONSENSE', SECRET)).rejects.toThrow(SECRET)
      await expect(redis.hset('user:1', 'f', SECRET)).rejects.toThrow('WRONGTYPE')
    })
    redis.disconnect()
    expect(await then.tree()).toEqual([
      'work outer',
      '  cache SET',
      '  cache GET',
      '  work pipeline',
      '    cache INCR',
      '    cache INCR',
      '  work transaction',
      '    cache MULTI',
      '      cache MULTI',
      '      cache INCR',
      '      cache EXEC',
      '  cache NONSENSE',
      '  cache HSET',
    ])
    const spans = await then.spans()
    expect({ ...spans[1]?.data }).toEqual({
      'db.system.name': 'redis',
      'db.namespace': '0',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'db.operation.name': 'SET',
      'db.query.text': 'SET user:1 ?',
    })
    expect(spans.at(-1)?.data).toMatchObject({ 'error.message': expect.stringContaining('WRONGTYPE') })
    expect(JSON.stringify(spans.map(({ data }) => data))).not.toContain(SECRET)
  })

  test('commands of node-redis have spans, too, and what runs at the same time is told apart', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const redis = createClient({ url: `redis://127.0.0.1:${server.port}` })
    await tracer.trace('work', 'start', () => redis.connect())
    const work = async (at: number): Promise<void> => {
      await tracer.trace('work', `w${at}`, async (own) => {
        await redis.set(`user:${at}`, SECRET)
        expect(currentSpan()).toBe(own)
        await redis.multi().get('user:1').exec()
      })
    }
    await Promise.all(Array.from({ length: 5 }, (_, at) => work(at)))
    await redis.close()
    const spans = await then.spans()
    expect(spans.find(({ name }) => name === 'connect to redis')).toBeDefined()
    for (let at = 0; at < 5; at++) {
      const own = spans.find(({ name }) => name === `w${at}`)
      const below = spans.filter(({ parentId }) => parentId === own?.spanId)
      expect(below.map(({ kind, name, data }) => [kind, name, data['db.query.text']])).toEqual([
        ['cache', 'SET', `SET user:${at} ?`],
        ['cache', 'MULTI', undefined],
      ])
    }
    expect(JSON.stringify(spans.map(({ data }) => data))).not.toContain(SECRET)
  })
})
