import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { traceChannels } from '../../src/index.js'
import { redisError } from '../../src/libraries/redis-error.js'
import { recorded } from '../support/recorded.js'
import { isInstalled, type Server, startServer } from '../support/servers.js'

const SECRET = 'hunter2'
const onServer = isInstalled('redis-server') ? describe : describe.skip

const maskedOf = (message: string, name = '', args: readonly string[] = []): unknown =>
  Reflect.get(Object(redisError(new Error(message), name, args)), 'message')

test.each([
  ["ERR unknown command 'nosuch', with args beginning with: 'hunter2' 'a' ", "ERR unknown command 'nosuch' ?"],
  ['ERR unknown command `nosuch`, with args beginning with: `hunter2`, ', 'ERR unknown command `nosuch` ?'],
  ["ERR wrong number of arguments for 'config|get' command", "ERR wrong number of arguments for 'config|get' command"],
  ["ERR invalid expire time in 'set' command", "ERR invalid expire time in 'set' command"],
  ["ERR Error in ACL SETUSER modifier '%hun'ter2': Syntax error", 'ERR Error in ACL SETUSER modifier ?: Syntax error'],
  ["ERR Usernames can't contain 'hunter2", "ERR Usernames can't contain ?"],
  ['ERR Unknown argument `hunter2` at "hunter2"', 'ERR Unknown argument ? at ?'],
  ['ERR Syntax error at offset 1 near hunter2 b', 'ERR Syntax error at offset 1 ?'],
  ['ERR user_script:1: hunter2 script: 6a61, on @user_script:1.', 'ERR ?'],
  ['hunter2 script: 6a61, on @user_script:1.', '?'],
  [
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
  ],
])('of %j is recorded %j', (message, text) => {
  expect(maskedOf(message)).toBe(text)
})

test('an argument that is repeated without quotes is masked, but no part of another word', () => {
  const args = ['hunter2', 'par', '', '?', '$&']
  const message = 'ERR Unsupported CONFIG parameter: hunter2 hunter22 par $&'
  expect(maskedOf(message, 'CONFIG', args)).toBe('ERR Unsupported CONFIG parameter: ? hunter22 ? ?')
})

test('an error that repeats nothing is recorded as it is, with its cause', () => {
  const error = new Error('Connection is closed.', { cause: new Error('ECONNRESET') })
  expect(redisError(error, 'GET')).toBe(error)
})

/** What fails, and what of its message is recorded. */
const FAILURES: ReadonlyArray<readonly [args: readonly [string, ...string[]], recorded: string]> = [
  [['ACL', 'SETUSER', 'bob', `%${SECRET}`], 'ERR Error in ACL SETUSER modifier ?: Syntax error'],
  [['CONFIG', 'SET', SECRET, 'x'], 'ERR Unknown option or number of arguments for CONFIG SET - ?'],
  [['CONFIG', SECRET], 'ERR unknown subcommand ?. Try CONFIG HELP.'],
  [['HELLO', '3', SECRET], 'ERR Syntax error in HELLO option ?'],
  [['ACL', 'CAT', SECRET], 'ERR Unknown category ?'],
  [['NOSUCH', SECRET, 'b'], "ERR unknown command 'NOSUCH' ?"],
  [['GET'], "ERR wrong number of arguments for 'get' command"],
  [['EVAL', `error('${SECRET}')`, '0'], 'ERR ?'],
  [['EVAL', `return redis.error_reply('${SECRET}')`, '0'], 'ERR ?'],
  [['EVAL', `return redis.error_reply('MINE ${SECRET}')`, '0'], 'MINE ?'],
  [['EVAL', `return { err = '${SECRET}' }`, '0'], '?'],
  [['EVAL', `error({ err = '${SECRET} b' })`, '0'], '?'],
  [['SCRIPT', 'LOAD', `${SECRET}(`], 'ERR ?'],
  [['EVALSHA', SECRET, '0'], 'NOSCRIPT ?'],
]

const newClient = (port: number) => createClient({ url: `redis://127.0.0.1:${port}` })

interface Clients {
  readonly redis: ReturnType<typeof newClient>
  readonly ioredis: Redis
}

onServer('on Redis', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer('redis-server')
  })
  afterAll(() => server.stop())

  /** Errors of spans by their names, once nothing of them has the secret. */
  async function errorsOf(work: (clients: Clients) => Promise<void>): Promise<string[]> {
    const { tracer, ...then } = recorded()
    const stop = traceChannels(tracer)
    const redis = newClient(server.port)
    const ioredis = new Redis(server.port, '127.0.0.1', { lazyConnect: true })
    await Promise.all([redis.connect(), ioredis.connect()])
    await tracer.trace('work', 'outer', () => work({ redis, ioredis }))
    await redis.close()
    ioredis.disconnect()
    stop()
    const spans = await then.spans()
    expect(JSON.stringify(spans.map(({ data }) => data))).not.toContain(SECRET)
    return spans.flatMap(({ name, data }) => ('error.message' in data ? [`${name}: ${data['error.message']}`] : []))
  }
  const expected = FAILURES.map(([[name], text]) => `${name}: ${text}`)

  test('no error of a command of node-redis repeats what was sent', async () => {
    const errors = await errorsOf(async ({ redis }) => {
      for (const [args] of FAILURES) await expect(redis.sendCommand([...args])).rejects.toThrow()
    })
    expect(errors).toEqual(expected)
  })

  test('nor one of ioredis', async () => {
    const errors = await errorsOf(async ({ ioredis }) => {
      for (const [[name, ...args]] of FAILURES) await expect(ioredis.call(name, ...args)).rejects.toThrow()
    })
    expect(errors).toEqual(expected)
  })

  test('nor one of a transaction or pipeline of node-redis', async () => {
    const errors = await errorsOf(async ({ redis }) => {
      await expect(redis.multi().addCommand(['nosuch', SECRET]).exec()).rejects.toThrow(SECRET)
      await expect(redis.multi().addCommand(['nosuch', SECRET]).execAsPipeline()).rejects.toThrow(SECRET)
      await expect(redis.multi().eval(`return { err = '${SECRET}' }`).execAsPipeline()).rejects.toThrow(SECRET)
    })
    expect(errors).toEqual([
      "MULTI: ERR unknown command 'nosuch' ?",
      "PIPELINE: ERR unknown command 'nosuch' ?",
      "NOSUCH: ERR unknown command 'nosuch' ?",
      'PIPELINE: ?',
      'EVAL: ?',
    ])
  })

  test('a transaction of which one command fails has its error', async () => {
    const errors = await errorsOf(async ({ redis, ioredis }) => {
      await redis.set('text', 'a')
      await expect(redis.multi().set('a', '1').lPush('text', SECRET).exec()).rejects.toThrow('1 commands failed')
      expect(await ioredis.multi().set('a', '1').lpush('text', SECRET).exec()).toHaveLength(2)
      await redis.multi().set('a', '1').exec()
    })
    const text = 'WRONGTYPE Operation against a key holding the wrong kind of value'
    expect(errors).toEqual([`MULTI: ${text}`, `MULTI: ${text}`])
  })
})
