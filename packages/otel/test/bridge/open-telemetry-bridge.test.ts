import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { context, propagation, ROOT_CONTEXT, type SpanContext, SpanKind, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { currentSpan, go, isTracing, outsideTraces, span, w3cTraceId } from '@trace/core'
import { openTelemetryBridge } from '../../src/index.js'
import { bridgedTracer, unregisterAll } from '../support/recorded.js'

afterEach(unregisterAll)

describe('one tree', () => {
  test('spans of both, each below the other, across awaits', async () => {
    const { tracer, tree } = bridgedTracer()
    const theirs = trace.getTracer('test')
    await tracer.trace('task', 'all', async (ours) => {
      expect(trace.getActiveSpan()?.spanContext().spanId).toBe(ours.spanId.toString(16).padStart(16, '0'))
      await theirs.startActiveSpan('theirs', { kind: SpanKind.CLIENT }, async (their) => {
        expect(trace.getActiveSpan()).toBe(their)
        expect(currentSpan()?.name).toBe('theirs')
        await sleep(1)
        expect(trace.getActiveSpan()).toBe(their)
        await span('work', 'ours again', async (again) => {
          expect(currentSpan()).toBe(again)
          await sleep(1)
          expect(trace.getActiveSpan()?.spanContext().spanId).toBe(again.spanId.toString(16).padStart(16, '0'))
          theirs.startSpan('theirs again').end()
        })
        expect(trace.getActiveSpan()).toBe(their)
        their.end()
      })
      expect(currentSpan()).toBe(ours)
    })
    expect(await tree()).toEqual(['task all', '  client theirs', '    work ours again', '      work theirs again'])
  })

  test('a trace that the API begins, with our spans below', async () => {
    const { tree, named } = bridgedTracer()
    await trace.getTracer('test').startActiveSpan('first', { kind: SpanKind.SERVER }, async (first) => {
      await span('db', 'query', () => sleep(1))
      first.end()
    })
    expect(await tree()).toEqual(['request first', '  db query'])
    expect((await named('first')).parentId).toBe(0n)
  })

  test('the one span of the API for a span of ours stays the same, and writes to it', async () => {
    const { tracer, named } = bridgedTracer()
    tracer.trace('task', 'ours', () => {
      const active = trace.getActiveSpan()
      expect(trace.getActiveSpan()).toBe(active)
      expect(context.active()).toBe(context.active())
      active?.setAttribute('a', 1).updateName('renamed')
    })
    expect((await named('renamed')).data).toEqual({ a: 1 })
  })

  test('outside the traces of ours there is none of the API', () => {
    const { tracer } = bridgedTracer()
    tracer.trace('task', 'ours', () => {
      outsideTraces(() => expect([trace.getActiveSpan(), context.active()]).toEqual([undefined, ROOT_CONTEXT]))
      const kept = context.active().setValue(KEY, 'kept')
      context.with(kept, () => {
        expect(context.active()).toBe(kept)
        outsideTraces(() =>
          expect([trace.getActiveSpan(), context.active().getValue(KEY)]).toEqual([undefined, 'kept']),
        )
      })
    })
  })
})

const KEY = Symbol('test')
const [TRACE_ID, SPAN_ID] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']

function carried(): Record<string, string> {
  const carrier = {}
  propagation.inject(context.active(), carrier)
  return carrier
}

function failing(): never {
  throw new Error('theirs')
}

describe('parents', () => {
  test('are those of the context that is given, whatever is active', async () => {
    const { tracer, spans } = bridgedTracer()
    const theirs = trace.getTracer('test')
    const first = theirs.startSpan('first')
    tracer.trace('task', 'other', () => {
      theirs.startSpan('below', {}, trace.setSpan(ROOT_CONTEXT, first)).end()
      theirs.startActiveSpan('below too', {}, trace.setSpan(context.active(), first), (too) => {
        span('work', 'at the end', () => {})
        too.end()
      })
      theirs.startSpan('root', { root: true }).end()
      theirs.startSpan('root too', {}, ROOT_CONTEXT).end()
    })
    first.end()
    const all = await spans()
    const nameOf = (id: bigint): string | undefined => all.find(({ spanId }) => spanId === id)?.name
    expect(Object.fromEntries(all.map(({ name, parentId }) => [name, nameOf(parentId)]))).toEqual({
      first: undefined,
      other: undefined,
      below: 'first',
      'below too': 'first',
      'at the end': 'below too',
      root: undefined,
      'root too': undefined,
    })
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(4)
  })

  test('of another process are joined, with the whole 128-bit id', async () => {
    const { spans } = bridgedTracer()
    const theirs = trace.getTracer('test')
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const remote = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true })
    theirs.startActiveSpan('joined', {}, remote, (joined) => {
      expect(joined.spanContext()).toMatchObject({ traceId, traceFlags: 1 })
      const below = theirs.startSpan('below')
      expect(below.spanContext().traceId).toBe(traceId)
      below.end()
      joined.end()
    })
    const [joined, below] = await spans()
    expect(joined).toMatchObject({
      traceId: 0x8448eb211c80319cn,
      parentId: 0xb7ad6b7169203331n,
      data: { 'parent.remote': true, 'w3c.trace_id': traceId },
    })
    expect(below?.parentId).toBe(joined?.spanId)
  })

  test.each([
    ['a propagator', (headers: Record<string, string>) => propagation.extract(ROOT_CONTEXT, headers)],
    [
      'the program',
      () => trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true }),
    ],
  ])(
    'of another process that %s has set are those of our spans, too, with no span of the API between',
    async (_what, remoteOf) => {
      const { tracer, spans, warnings } = bridgedTracer()
      const theirs = trace.getTracer('test')
      const remote = remoteOf({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` })
      await context.with(remote, async () => {
        expect([context.active(), currentSpan()?.traceId, isTracing()]).toEqual([remote, 0x8448eb211c80319cn, true])
        await sleep(1)
        span('work', 'free', () => {
          expect(trace.getActiveSpan()?.spanContext().traceId).toBe(TRACE_ID)
          theirs.startSpan('below free').end()
        })
        tracer.span('work', 'bound', () => span('work', 'below bound', () => {}))
        tracer.start('work', 'started', { process: 'other:1@host' }).finish()
        await new Promise<void>((resolve) => go('work', 'detached', () => resolve()))
        expect(carried()['traceparent']).toBe(`00-${TRACE_ID}-${SPAN_ID}-01`)
        tracer.trace('work', 'new trace', () => {})
        context.with(suppressTracing(context.active()), () => span('work', 'suppressed', () => {}))
        context.with(context.active().setValue(KEY, 'kept'), () =>
          span('work', 'with a value', () => expect(context.active().getValue(KEY)).toBe('kept')),
        )
        // As a pool does that has kept the span of its caller.
        currentSpan()?.run(() => theirs.startSpan('theirs').end())
        expect(context.active()).toBe(remote)
      })
      context.bind(remote, () => span('work', 'bound function', () => {}))()
      const all = await spans()
      const [other, rest] = [
        all.filter(({ name }) => name === 'new trace'),
        all.filter(({ name }) => name !== 'new trace'),
      ]
      expect([other[0]?.parentId, other[0]?.upperTraceId]).toEqual([0n, undefined])
      const nameOf = (id: bigint): unknown =>
        id === BigInt(`0x${SPAN_ID}`) ? 'remote' : rest.find(({ spanId }) => spanId === id)?.name
      expect(Object.fromEntries(rest.map(({ name, parentId }) => [name, nameOf(parentId)]))).toEqual({
        free: 'remote',
        'below free': 'free',
        bound: 'remote',
        'below bound': 'bound',
        started: 'remote',
        detached: 'remote',
        'with a value': 'remote',
        theirs: 'remote',
        'bound function': 'remote',
      })
      for (const { traceId, upperTraceId } of rest) expect(w3cTraceId(traceId, upperTraceId ?? 0n)).toBe(TRACE_ID)
      const first = rest.find(({ name }) => name === 'free')
      expect(first?.data).toEqual({ 'parent.remote': true, 'w3c.trace_id': TRACE_ID })
      expect(rest.find(({ name }) => name === 'started')?.process).toBe('other:1@host')
      expect(warnings).toEqual([])
    },
  )

  test('of a caller who does not record are not recorded, by ours or by theirs, and the flag goes on', async () => {
    const { tracer, spans } = bridgedTracer()
    context.with(propagation.extract(ROOT_CONTEXT, { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` }), () => {
      expect(currentSpan()?.sampled).toBe(false)
      for (const run of [span, tracer.span.bind(tracer)]) {
        run('work', 'unsampled', (unsampled) => {
          expect([unsampled.sampled, unsampled.recording, currentSpan() === unsampled]).toEqual([false, false, true])
          expect(carried()['traceparent']).toBe(`00-${TRACE_ID}-${unsampled.spanId.toString(16).padStart(16, '0')}-00`)
          trace.getTracer('test').startSpan('below').end()
          span('work', 'below', () => {})
        })
      }
    })
    expect([await spans(), tracer.stats().unsampled]).toEqual([[], 6])
  })

  test('of such a caller are recorded where the sampler or an error says so', async () => {
    const { tree } = bridgedTracer({
      sample: (_kind, name, _trace, caller) => (name === 'wanted' ? caller === false : false),
      keep: { errors: true },
    })
    context.with(propagation.extract(ROOT_CONTEXT, { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` }), () => {
      span('work', 'wanted', () => {})
      span('work', 'not wanted', () => {})
      expect(() =>
        span('work', 'failed', () => {
          throw new Error('kept')
        }),
      ).toThrow('kept')
    })
    expect(await tree()).toEqual(['work wanted', 'work failed'])
  })

  test.each([
    ['no ids', { traceId: 'x', spanId: 'y', traceFlags: 1 }],
    ['ids that cannot be read', Object.defineProperty({ spanId: SPAN_ID, traceFlags: 1 }, 'traceId', { get: failing })],
  ])('of %s leave our spans outside any trace', async (_what, foreign) => {
    const { spans } = bridgedTracer()
    context.with(trace.setSpanContext(ROOT_CONTEXT, foreign as SpanContext), () => {
      expect([currentSpan(), isTracing()]).toEqual([undefined, false])
      span('work', 'none', () => {})
    })
    expect(await spans()).toEqual([])
  })

  test.each([
    ['no ids', { traceId: 'x', spanId: 'y', traceFlags: 1 }],
    [
      'a trace id with nothing in its lower half',
      { traceId: `${'1'.repeat(16)}${'0'.repeat(16)}`, spanId: '1'.repeat(16), traceFlags: 1 },
    ],
  ])('of %s begin a new trace', async (_what, foreign) => {
    const { named } = bridgedTracer()
    trace.getTracer('test').startSpan('new', {}, trace.setSpanContext(ROOT_CONTEXT, foreign)).end()
    expect((await named('new')).parentId).toBe(0n)
  })
})

describe('spans that are not recorded', () => {
  test('those of a trace that is not sampled, which carry its ids on', async () => {
    const { spans } = bridgedTracer({ sample: () => false })
    const theirs = trace.getTracer('test')
    theirs.startActiveSpan('first', (first) => {
      expect([first.isRecording(), first.spanContext().traceFlags]).toEqual([false, 0])
      const below = theirs.startSpan('below', { attributes: { a: 1 } })
      expect([below.isRecording(), below.spanContext().traceId]).toEqual([false, first.spanContext().traceId])
      below.setAttribute('a', 1).addEvent('e').setStatus({ code: 2 }).end()
      expect(trace.getActiveSpan()).toBe(first)
      first.end()
    })
    expect(await spans()).toEqual([])
  })

  test('those of a caller who does not record', async () => {
    const { spans } = bridgedTracer()
    const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0, isRemote: true }
    const unsampled = trace.getTracer('test').startSpan('a', {}, trace.setSpanContext(ROOT_CONTEXT, remote))
    expect([unsampled.isRecording(), unsampled.spanContext().traceId]).toEqual([false, '1'.repeat(32)])
    expect(await spans()).toEqual([])
  })

  test('undecided ones are recorded, and say that they are not sampled until they are kept', async () => {
    const { spans } = bridgedTracer({ sample: () => false, keep: { errors: true } })
    const undecided = trace.getTracer('test').startSpan('a', { startTime: 1_700_000_000_000 })
    expect([undecided.isRecording(), undecided.spanContext().traceFlags]).toEqual([true, 0])
    undecided.setStatus({ code: 2, message: 'bad' })
    expect(undecided.spanContext().traceFlags).toBe(1)
    undecided.end(1_700_000_001_000)
    const [kept] = await spans()
    expect([kept?.start, kept?.finish]).toEqual([1_700_000_000_000_000_000n, 1_700_000_001_000_000_000n])
  })

  test('those where tracing is suppressed, ours included', async () => {
    const { tracer, tree } = bridgedTracer()
    const theirs = trace.getTracer('test')
    await tracer.trace('task', 'ours', () =>
      context.with(suppressTracing(context.active()), async () => {
        theirs.startActiveSpan('suppressed', (suppressed) => {
          expect([suppressed.isRecording(), suppressed.spanContext().traceId]).toEqual([false, '0'.repeat(32)])
          span('work', 'suppressed too', () => {})
        })
        await sleep(1)
        span('work', 'suppressed too', () => {})
      }),
    )
    expect(await tree()).toEqual(['task ours'])
  })
})

describe('registration', () => {
  test('where an SDK is registered, nothing is changed, and a warning says so', () => {
    const provider = new NodeTracerProvider()
    provider.register()
    const { bridge, warnings } = bridgedTracer()
    expect(warnings).toEqual([expect.stringContaining('something else is registered with @opentelemetry/api already')])
    bridge.disable()
    expect(trace.getTracer('test').startSpan('theirs').isRecording()).toBe(true)
  })

  test.each([
    ['context manager', () => void new NodeTracerProvider().register()],
    [
      'propagator',
      () => void propagation.setGlobalPropagator({ inject: () => {}, extract: (to) => to, fields: () => [] }),
    ],
  ])('where only a %s is registered, nothing is taken', (_what, register) => {
    register()
    trace.disable()
    const { warnings } = bridgedTracer()
    expect(warnings).toHaveLength(1)
    expect(trace.getTracer('test').startSpan('none').isRecording()).toBe(false)
  })

  test('it ends, and begins again with another tracer, which also those tracers of the API use that were there before', async () => {
    const early = trace.getTracer('early')
    const first = bridgedTracer()
    const open = early.startSpan('open')
    first.bridge.disable()
    first.bridge.disable()
    expect(early.startSpan('none').isRecording()).toBe(false)
    expect(early.startActiveSpan('none', (none) => none.isRecording())).toBe(false)
    expect([trace.getActiveSpan(), propagation.fields()]).toEqual([undefined, []])
    open.end()
    const second = bridgedTracer()
    early.startSpan('again').end()
    first.bridge.disable()
    early.startSpan('still').end()
    expect([await first.tree(), await second.tree()]).toEqual([['work open'], ['work again', 'work still']])
    expect([first.warnings, second.warnings]).toEqual([[], []])
  })

  test('it leaves what somebody else has registered since', () => {
    const { bridge } = bridgedTracer()
    unregisterAll()
    new NodeTracerProvider().register()
    bridge.disable()
    expect(trace.getTracer('test').startSpan('theirs').isRecording()).toBe(true)
  })

  test('a second bridge changes nothing, and warns', async () => {
    const { tracer, tree, warnings } = bridgedTracer()
    openTelemetryBridge(tracer).disable()
    trace.getTracer('test').startSpan('a').end()
    expect([await tree(), warnings.length]).toEqual([['work a'], 1])
  })
})
