import { Writable } from 'node:stream'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type PlainData, span } from '@trace/core'
import fastify, { type FastifyInstance } from 'fastify'
import pino, { type Logger } from 'pino'
import { traceFastify } from '../src/fastify.js'
import { logEvents, logIds } from '../src/index.js'
import { noteLine } from '../src/logs.js'
import { send } from './support/raw-client.js'

const SECRET = 'hunter2'
const recorder = memoryRecorder()
const tracer = createTracer({ recorder })
afterEach(() => recorder.clear())

interface Lines {
  readonly stream: Writable
  readonly lines: Record<string, unknown>[]
}

function collected(): Lines {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { stream, lines }
}

/** The events of all spans, without their times. */
async function events(): Promise<PlainData[]> {
  await tracer.idle()
  return recorder.spans.flatMap(({ data }) => {
    const list = Array.isArray(data['events']) ? data['events'] : []
    return list.map((event) => {
      const { time, ...rest } = event as PlainData
      expect(time).toMatch(/^\d{4}-.*Z$/)
      return rest
    })
  })
}

describe('lines of pino of level warn and above are events', () => {
  async function logged(use: (log: Logger) => void, options: pino.LoggerOptions = {}): Promise<PlainData[]> {
    const { stream } = collected()
    const log = pino({ hooks: { logMethod: logEvents() }, level: 'trace', ...options }, stream)
    tracer.trace('task', 'a', () => use(log))
    return events()
  }

  test('with their level and message, and none below', async () => {
    const found = await logged((log) => {
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)
        log[level]('a %s of %d', level, 7)
    })
    expect(found).toEqual(
      ['warn', 'error', 'fatal'].map((level) => ({ name: 'log', level, message: `a ${level} of 7` })),
    )
  })

  test('with the error, whether it stands first or as err, and the message that pino takes from it', async () => {
    const error = new RangeError('no such shelf', { cause: new Error('disk 3') })
    const found = await logged((log) => {
      log.error(error)
      log.error(error, 'mine')
      log.warn({ err: error, user: SECRET })
      log.warn({ err: error }, 'mine %s', 'too')
      log.warn({ msg: 'in the fields', err: 'no error' })
      log.warn({ err: { password: SECRET } })
    })
    const plain = { type: 'RangeError', message: 'no such shelf', stack: error.stack, cause: expect.anything() }
    expect(found).toEqual([
      { name: 'log', level: 'error', message: 'no such shelf', error: plain },
      { name: 'log', level: 'error', message: 'mine', error: plain },
      { name: 'log', level: 'warn', message: 'no such shelf', error: plain },
      { name: 'log', level: 'warn', message: 'mine too', error: plain },
      { name: 'log', level: 'warn', message: 'in the fields' },
      { name: 'log', level: 'warn', message: '' },
    ])
  })

  test('without fields, bindings, and objects that the message is filled in with', async () => {
    const found = await logged((log) => {
      const child = log.child({ password: SECRET }, { msgPrefix: '[db] ' })
      child.warn({ password: SECRET, token: SECRET }, 'refused %j %o %% %s', { password: SECRET }, [SECRET], 5n)
    })
    expect(found).toEqual([{ name: 'log', level: 'warn', message: 'refused %j %o % 5' }])
    expect(JSON.stringify(found)).not.toContain(SECRET)
  })

  test('under the name of a level of its own, and of the span that is current', async () => {
    const { stream, lines } = collected()
    const log = pino({ customLevels: { audit: 45 }, mixin: logIds, hooks: { logMethod: logEvents() } }, stream)
    tracer.trace('task', 'outer', () => span('work', 'inner', () => log.audit('seen')))
    await tracer.idle()
    const [inner, outer] = recorder.spans
    expect(inner?.data['events']).toMatchObject([{ level: 'audit', message: 'seen' }])
    expect(outer?.data).not.toHaveProperty('events')
    expect(lines).toMatchObject([{ msg: 'seen', level: 45, span_id: String(inner?.spanId) }])
  })

  test('as a hook of the program changes them, which sees the same as ever', async () => {
    const { stream, lines } = collected()
    const seen: unknown[] = []
    const logMethod: NonNullable<NonNullable<pino.LoggerOptions['hooks']>['logMethod']> = function (
      args,
      method,
      level,
    ) {
      seen.push([[...args], level, typeof this.warn])
      if (args[0] === 'drop') return
      method.apply(this, [String(args[0]).replace(SECRET, '***')])
    }
    const log = pino({ hooks: { logMethod: logEvents(logMethod) } }, stream)
    tracer.trace('task', 'a', () => {
      log.info('info')
      log.warn(`password ${SECRET}`)
      log.error('drop')
    })
    expect(await events()).toEqual([{ name: 'log', level: 'warn', message: 'password ***' }])
    expect(lines.map(({ msg }) => msg)).toEqual(['info', 'password ***'])
    expect(seen).toEqual([
      [['info'], 30, 'function'],
      [[`password ${SECRET}`], 40, 'function'],
      [['drop'], 50, 'function'],
    ])
  })

  test('and outside a trace, or in one that is not sampled, lines are written as ever', async () => {
    const { stream, lines } = collected()
    const log = pino({ hooks: { logMethod: logEvents() } }, stream)
    log.warn('outside')
    createTracer({ recorder, sample: () => false }).trace('task', 'a', () => log.warn('unsampled'))
    expect(lines.map(({ msg }) => msg)).toEqual(['outside', 'unsampled'])
    expect(await events()).toEqual([])
  })

  test('however long, and whatever they are given', async () => {
    const hostile = new Proxy({}, { get: () => { throw new Error('no') } }) // biome-ignore format: one line
    tracer.trace('task', 'a', (s) => {
      noteLine(s, 'warn', ['x'.repeat(1_000_000)])
      noteLine(s, 'warn', ['%s', 'x'.repeat(1_000_000)])
      noteLine(s, 'warn', ['%s'.repeat(1_000_000), ...Array.from({ length: 10_000 }, () => 'x'.repeat(100))])
      for (const args of [[], [undefined], [null], [null, 'b'], [hostile], [Symbol('s')], [5, 6]]) {
        noteLine(s, 'warn', args)
      }
    })
    const found = await events()
    for (const { message } of found) expect(String(message).length).toBeLessThanOrEqual(2_048)
    expect(found.slice(3).map(({ message }) => message)).toEqual(['', '', '', 'b', 'Symbol(s)', '5'])
  })
})

describe("lines of Fastify's request.log are events where the plugin is told so", () => {
  let app: FastifyInstance
  afterEach(() => app.close())

  async function ask(options: { logEvents?: boolean }, logger: object = {}): Promise<Record<string, unknown>[]> {
    const { stream, lines } = collected()
    app = fastify({ logger: { stream, ...logger } })
    app.register(traceFastify, { tracer, ...options })
    app.get('/fails', async (request) => {
      request.log.info('an info')
      request.log.child({ password: SECRET }).warn({ token: SECRET }, 'a warning')
      await span('work', 'inner', () => request.log.error(new RangeError('inside')))
      throw new TypeError('no such shelf')
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const address = app.server.address()
    await send(typeof address === 'object' && address !== null ? address.port : 0, '/fails')
    return lines
  }

  test('those of hooks, handlers and Fastify itself; the lines are as ever', async () => {
    const lines = await ask({ logEvents: true })
    const found = await events()
    expect(found).toMatchObject([
      { name: 'log', level: 'error', message: 'inside', error: { type: 'RangeError' } },
      { name: 'log', level: 'warn', message: 'a warning' },
      { name: 'log', level: 'error', message: 'no such shelf', error: { type: 'TypeError' } },
    ])
    expect(JSON.stringify(found)).not.toContain(SECRET)
    const names = recorder.spans.map(({ name, data }) => [name, Array.isArray(data['events']) && data['events'].length])
    expect(names).toEqual([
      ['inner', 1],
      ['GET /fails', 2],
    ])
    const messages = ['incoming request', 'an info', 'a warning', 'inside', 'no such shelf', 'request completed']
    expect(lines.map(({ msg }) => msg).filter((msg) => !String(msg).startsWith('Server'))).toEqual(messages)
    expect(lines.find(({ msg }) => msg === 'a warning')).toMatchObject({ token: SECRET, password: SECRET, level: 40 })
  })

  test('none by default, and none of a level that is off', async () => {
    await ask({})
    expect(await events()).toEqual([])
    recorder.clear()
    await app.close()
    const lines = await ask({ logEvents: true }, { level: 'error' })
    expect((await events()).map(({ level }) => level)).toEqual(['error', 'error'])
    expect(lines.map(({ msg }) => msg)).toEqual(['inside', 'no such shelf'])
  })

  test('the option is checked', async () => {
    app = fastify()
    app.register(traceFastify, { tracer, logEvents: 'yes' as never })
    await expect(app.ready()).rejects.toThrow('traceFastify: option "logEvents": expected true or false')
  })
})
