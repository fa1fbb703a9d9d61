import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { type Context, context, propagation, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { CALLER, type Compared, compared, ofOurs, ofTheirs } from '../support/compared.js'
import { bridgedTracer, unregisterAll } from '../support/recorded.js'

afterEach(unregisterAll)

const REMOTE = `00-${CALLER}8448eb211c80319c-b7ad6b7169203331-01`
const HOUR = 3_600_000
const KEY = Symbol('mine')

/** Everything that the API can do. @returns what it has seen of contexts */
async function program(): Promise<unknown[]> {
  const tracer = trace.getTracer('program', '1.0')
  const seen: unknown[] = []
  const see = (span?: Span): void => {
    seen.push(
      trace.getActiveSpan() === span,
      context.active().getValue(KEY),
      propagation.getActiveBaggage()?.getAllEntries(),
    )
  }
  const headers = { traceparent: REMOTE, tracestate: 'a=1', baggage: 'user=ann' }
  const remote = propagation.extract(ROOT_CONTEXT, headers).setValue(KEY, 'value')
  await tracer.startActiveSpan('server', { kind: SpanKind.SERVER, attributes: { a: 1 } }, remote, async (server) => {
    see(server)
    await sleep(1)
    see(server)
    await Promise.all(
      ['one', 'two'].map((name) =>
        tracer.startActiveSpan(
          name,
          { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'x' } },
          async (child) => {
            await sleep(1)
            see(child)
            child.setAttributes({ list: ['a', 'b'], flag: false, text: '', number: 1.5 })
            child.addEvent('event', { at: 1 }, HOUR * 1_000).addEvent('other')
            child.addLink({ context: server.spanContext(), attributes: { why: 'test' } })
            const carrier: Record<string, string> = {}
            propagation.inject(context.active(), carrier)
            seen.push(
              carrier['traceparent']?.replace(child.spanContext().spanId, 'SPAN'),
              carrier['tracestate'],
              carrier['baggage'],
            )
            child.end()
          },
        ),
      ),
    )
    failures(server)
    others(context.active(), server)
    server.updateName('renamed').end()
    server.setAttribute('late', true).end()
  })
  see()
  tracer.startSpan('times', { startTime: HOUR, root: true }).end([HOUR / 1_000 + 1, 5])
  tracer.startSpan('backwards', { startTime: new Date(HOUR * 2) }).end(HOUR)
  return seen
}

function failures(server: Span): void {
  const tracer = trace.getTracer('failures')
  const failed = tracer.startSpan('failed')
  failed.recordException(Object.assign(new TypeError('bad'), { stack: 'TypeError: bad\n    at here' }))
  failed.setStatus({ code: 2, message: 'bad' })
  failed.end()
  tracer.startSpan('status only').setStatus({ code: 2, message: 'no answer' }).end()
  tracer.startSpan('fine').setStatus({ code: 1 }).setStatus({ code: 2 }).end()
  const exception = tracer.startSpan('exception only')
  exception.recordException({ name: 'Warning', message: 'careful' })
  exception.end()
  server.setStatus({ code: 2 })
}

function others(active: Context, server: Span): void {
  const tracer = trace.getTracer('others')
  tracer.startSpan('suppressed', {}, suppressTracing(active)).end()
  const unlinked = tracer.startSpan(
    'explicit',
    { kind: SpanKind.PRODUCER, links: [{ context: server.spanContext() }] },
    active,
  )
  tracer.startSpan('consumer', { kind: SpanKind.CONSUMER }, trace.setSpan(ROOT_CONTEXT, unlinked)).end()
  unlinked.end()
  tracer.startSpan('root', { root: true, attributes: { bad: {} as never, none: undefined } }).end()
  tracer.startSpan('root too', {}, ROOT_CONTEXT).end()
  context.with(trace.deleteSpan(active), () => tracer.startSpan('root three').end())
}

async function onTheSdk(): Promise<{ seen: unknown[]; spans: Compared[] }> {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  const seen = await program()
  await provider.forceFlush()
  const spans: ReadableSpan[] = exporter.getFinishedSpans()
  unregisterAll()
  return { seen, spans: compared(spans.map(ofTheirs)) }
}

test("one program gives the spans and contexts on the bridge that it gives on OpenTelemetry's SDK, field by field", async () => {
  const theirs = await onTheSdk()
  const { spans, warnings } = bridgedTracer()
  const seen = await program()
  expect(compared((await spans()).map(ofOurs))).toEqual(theirs.spans)
  expect(seen).toEqual(theirs.seen)
  expect(theirs.spans).toHaveLength(14)
  expect(warnings).toEqual([])
})
