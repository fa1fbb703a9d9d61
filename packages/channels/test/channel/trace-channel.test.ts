import { tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { currentSpan, remoteSpan } from '@trace/core'
import { type ChannelSpans, traceChannel } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

const channel = tracingChannel('test:call')
const spans: ChannelSpans = {
  kind: 'db',
  name: ({ what }) => `call ${what}`,
  data: ({ what }) => ({ what }),
  resultData: ({ result }) => ({ rows: result }),
}
let stop = (): void => {}
afterEach(() => stop())

const boom = new Error('boom')

describe('a span is recorded below the current one', () => {
  test('for a call that returns', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    const result = tracer.trace('work', 'outer', (outer) => {
      const inner = channel.traceSync(() => currentSpan(), { what: 'a' })
      expect(currentSpan()).toBe(outer)
      return inner
    })
    expect(result?.name).toBe('call a')
    expect(await then.tree()).toEqual(['work outer', '  db call a'])
    expect({ ...(await then.spans())[1]?.data }).toMatchObject({ what: 'a' })
  })

  test('for a call below a span of another process', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    const other = remoteSpan(tracer, { traceId: 5n, parentId: 6n })
    await other.run(async () => {
      await channel.tracePromise(async () => expect(currentSpan()?.name).toBe('call a'), { what: 'a' })
      expect(currentSpan()).toBe(other)
    })
    expect(await then.spans()).toMatchObject([{ name: 'call a', traceId: 5n, parentId: 6n, data: { what: 'a' } }])
  })

  test('for a call that throws, which fails with the same error', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    const call = (): void =>
      channel.traceSync(
        () => {
          throw boom
        },
        { what: 'a' },
      )
    tracer.trace('work', 'outer', () => expect(call).toThrow(boom))
    const [, inner] = await then.spans()
    expect([inner?.data['error.type'], inner?.data['error.message']]).toEqual(['Error', 'boom'])
  })

  test('for a promise, until it settles; what it awaits is inside, and who awaits it is not', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    await tracer.trace('work', 'outer', async (outer) => {
      const work = async (): Promise<number> => {
        await sleep(1)
        tracer.span('work', 'inside', () => {})
        return 5
      }
      expect(await channel.tracePromise(work, { what: 'a' })).toBe(5)
      expect(currentSpan()).toBe(outer)
      await expect(channel.tracePromise(() => Promise.reject(boom), { what: 'b' })).rejects.toBe(boom)
    })
    expect(await then.tree()).toEqual(['work outer', '  db call a', '    work inside', '  db call b'])
    const [, a, , b] = await then.spans()
    expect([a?.data['rows'], b?.data['error.message']]).toEqual([5, 'boom'])
  })

  test('for what publishes no more than its end, as a stream does', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    const message: Record<string, unknown> = { what: 'a' }
    await tracer.trace('work', 'outer', async () => {
      channel.start.runStores(message, () => channel.end.publish(message))
      await sleep(1)
      message['result'] = 7
      channel.asyncEnd.publish(message)
    })
    expect(await then.tree()).toEqual(['work outer', '  db call a'])
    expect((await then.spans())[1]?.data['rows']).toBe(7)
  })

  test('for nothing whose message is frozen, on which its span cannot be noted', async () => {
    const { tracer, warnings, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    const message = Object.freeze({ what: 'a' })
    const call = (): unknown => channel.start.runStores(message, () => currentSpan()?.name)
    expect(tracer.trace('work', 'outer', call)).toBe('outer')
    expect([await then.tree(), tracer.stats().open, warnings]).toEqual([['work outer'], 0, []])
  })

  test('for each of two calls that share a message, on two channels', async () => {
    const { tracer, ...then } = recorded()
    const [stopOuter, stopInner] = ['test:call', 'test:other'].map((name) => traceChannel(tracer, name, spans))
    const message = { what: 'a' }
    const inner = (): unknown => tracingChannel('test:other').traceSync(() => currentSpan()?.spanId, message)
    const id = tracer.trace('work', 'outer', () => channel.traceSync(inner, message))
    for (const end of [stopOuter, stopInner]) end?.()
    expect(await then.tree()).toEqual(['work outer', '  db call a', '    db call a'])
    expect((await then.spans())[2]?.spanId).toBe(id)
  })

  test('for a callback, which runs in the span of whoever called, after the span has ended', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannel(tracer, 'test:call', spans)
    // As a pool does it: the callback is called where nothing of the caller is known.
    const waiting: (() => void)[] = []
    const call = (done: (error: Error | null, rows?: number) => void): void => {
      waiting.push(() => done(null, 3))
    }
    const seen = new Promise<void>((resolve) => {
      tracer.trace('work', 'outer', (outer) => {
        const done = (_error: Error | null, rows?: number): void => {
          expect([rows, currentSpan()]).toEqual([3, outer])
          tracer.span('work', 'afterwards', () => {})
          resolve()
        }
        channel.traceCallback(call, 0, { what: 'a' }, undefined, done)
      })
    })
    for (const run of waiting) run()
    await seen
    expect(await then.tree()).toEqual(['work outer', '  db call a', '  work afterwards'])
    const [, call1, afterwards] = await then.spans()
    expect(call1?.data['rows']).toBe(3)
    expect((call1?.finish ?? 0n) <= (afterwards?.start ?? 0n)).toBe(true)
  })
})

test('outside a trace nothing is recorded, unless that is asked for', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannel(tracer, 'test:call', spans)
  channel.traceSync(() => expect(currentSpan()).toBeUndefined(), { what: 'a' })
  stop()
  stop = traceChannel(tracer, 'test:call', { ...spans, outsideTraces: true })
  channel.traceSync(() => expect(currentSpan()?.name).toBe('call b'), { what: 'b' })
  expect(await then.tree()).toEqual(['db call b'])
})

test('in a trace that is not sampled nothing is recorded, and no function is asked', async () => {
  const { tracer, ...then } = recorded({ sample: () => false })
  const data = (): never => {
    throw boom
  }
  stop = traceChannel(tracer, 'test:call', { kind: 'db', name: data, data, resultData: data })
  tracer.trace('work', 'outer', () => channel.traceSync(() => {}, {}))
  expect(await then.tree()).toEqual([])
  expect(then.warnings).toEqual([])
})

test('what the functions throw changes nothing but the span, and is warned of', async () => {
  const { tracer, ...then } = recorded()
  const wrong = (): never => {
    throw boom
  }
  stop = traceChannel(tracer, 'test:call', { kind: 'db', name: wrong, data: wrong, resultData: wrong, error: wrong })
  expect(tracer.trace('work', 'outer', () => channel.traceSync(() => 7, {}))).toBe(7)
  expect(await then.tree()).toEqual(['work outer', '  db db'])
  expect(then.warnings[0]).toMatch(/a function for spans of kind db threw: .*boom/)
})

test('another error is recorded where the channel says so, and the call throws its own', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannel(tracer, 'test:call', { ...spans, error: ({ what }) => new RangeError(`no ${what}`) })
  const call = (): Promise<unknown> => channel.tracePromise(() => Promise.reject(boom), { what: 'a' })
  await tracer.trace('work', 'outer', () => expect(call()).rejects.toBe(boom))
  const [, inner] = await then.spans()
  expect([inner?.data['error.type'], inner?.data['error.message']]).toEqual(['RangeError', 'no a'])
})

test('messages that are none, and ends without a beginning, do no harm', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannel(tracer, 'test:call', spans)
  tracer.trace('work', 'outer', (outer) => {
    for (const message of [undefined, null, 5, 'x']) {
      Reflect.apply(channel.start.runStores, channel.start, [message, () => expect(currentSpan()).toBe(outer)])
      for (const part of [channel.end, channel.asyncStart, channel.error]) part.publish(message)
    }
    for (const part of [channel.end, channel.asyncStart, channel.asyncEnd, channel.error]) part.publish({ error: boom })
  })
  expect(await then.tree()).toEqual(['work outer'])
})

test('a channel is traced once at a time, by the first; stopped, it tells no more, but of what runs then', async () => {
  const [one, other] = [recorded(), recorded()]
  stop = traceChannel(one.tracer, 'test:call', spans)
  const stopOther = traceChannel(other.tracer, 'test:call', spans)
  expect(other.warnings).toEqual([
    expect.stringMatching(/the channel test:call is traced already: call traceChannel once/),
  ])
  stopOther()
  await one.tracer.trace('work', 'outer', async () => {
    const running = channel.tracePromise(() => sleep(5), { what: 'a' })
    stop()
    channel.traceSync(() => {}, { what: 'b' })
    await running
  })
  expect(await one.tree()).toEqual(['work outer', '  db call a'])
  const again = traceChannel(other.tracer, 'test:call', spans)
  stop()
  other.tracer.trace('work', 'outer', () => channel.traceSync(() => {}, { what: 'c' }))
  again()
  expect(await other.tree()).toEqual(['work outer', '  db call c'])
  expect(channel.start.hasSubscribers).toBe(false)
})

test.each<[string, unknown[], RegExp]>([
  ['no channel', [undefined, spans], /expected the name of a channel, got undefined/],
  ['an empty name', ['', spans], /expected the name of a channel/],
  ['no spans', ['a'], /expected \{ kind, name \} for a, got undefined/],
  ['no kind', ['a', { name: 'x' }], /"kind" for a is missing/],
  ['no name', ['a', { kind: 'db' }], /"name" for a is missing/],
])('%s is refused', (_what, args, message) => {
  const { tracer } = recorded()
  expect(() => Reflect.apply(traceChannel, undefined, [tracer, ...args])).toThrow(message)
})
