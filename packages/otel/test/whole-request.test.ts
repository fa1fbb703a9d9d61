import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { buildTree, type SpanNode } from '@trace/analysis'
import { serviceOf, type TraceReader } from '@trace/core'
import { openReader } from '@trace/core/open'
import { startLocalTable } from '@trace/example-fanout/dynamodb-local'
import { hasPostgresql, isInstalled, startPostgresql, startServer } from '../../channels/test/support/servers.js'
import { type ReceivedSpan, Receiver } from './support/receiver.js'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const LOWER_HALF = BigInt(`0x${TRACE_ID.slice(16)}`)
const CALLER = '00f067aa0ba902b7'

/** Kinds and names, each below its parent; children by name, since what runs side by side may start in any order. */
const TREE = `
gateway GET /checkout/:item
  gateway POST 127.0.0.1
    orders POST /orders/:item
      orders INCR
      orders INSERT orders
      orders add labels
        orders EVAL
        worker process labels
          worker EVAL
          worker GET 127.0.0.1
            vendor GET
              vendor GET
                labels GET /labels/:id
                  labels draw`.trim()

/** Ports that differ from run to run are left out. */
const lineOf = (service: string, name: string): string => `${service} ${name.replace(/:\d+$/, '')}`

function outlineOf({ span, children }: SpanNode, indent = ''): string {
  const below = children.map((child) => outlineOf(child, `${indent}  `)).sort()
  return [indent + lineOf(serviceOf(span.process), span.name), ...below].join('\n')
}

interface Sent extends ReceivedSpan {
  readonly parentSpanId: string
  readonly service: string
}

function outlineOfSent(spans: readonly Sent[], parent: string, indent = ''): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .map((span) =>
      [indent + lineOf(span.service, span.name), ...outlineOfSent(spans, span.spanId, `${indent}  `)].join('\n'),
    )
    .sort()
}

/** Processes that were started, each of which says a port when it is ready. */
class Services {
  readonly #env: Record<string, string>
  readonly #running: ChildProcess[] = []

  constructor(env: Record<string, string>) {
    this.#env = env
  }

  async start(file: string, env: Record<string, string> = {}): Promise<{ port: string; child: ChildProcess }> {
    const path = fileURLToPath(new URL(`support/services/${file}`, import.meta.url))
    const child = fork(path, { env: { ...process.env, ...this.#env, NODE_OPTIONS: '--no-warnings', ...env } })
    this.#running.push(child)
    const [port] = await Promise.race([once(child, 'message'), ended(child, file)])
    return { port: String(port), child }
  }

  /** `trace collect`, which records what it gets. @returns its URL */
  async collect(to: string): Promise<string> {
    const bin = fileURLToPath(new URL('../../cli/bin/trace.mjs', import.meta.url))
    const child = spawn(process.execPath, [bin, 'collect', '--to', to, '--port', '0'], {
      env: { ...process.env, NODE_OPTIONS: '--no-warnings' },
    })
    this.#running.push(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
    const wrong = ended(child, 'trace collect')
    while (!/http:\/\/[\d.]+:\d+/.test(said))
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), wrong])
    return /http:\/\/[\d.]+:\d+/.exec(said)?.[0] ?? ''
  }

  /** Ends all, one after the other, in the order in which they were started from the last on. */
  async stop(): Promise<void> {
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const end = once(child, 'close')
      child.kill('SIGTERM')
      await end
    }
  }
}

async function ended(child: ChildProcess, name: string): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`${name} ended with ${signal ?? code}`)
}

async function treesIn(reader: TraceReader): Promise<string[]> {
  const { spans } = await reader.trace(LOWER_HALF)
  return buildTree(spans).roots.map((root) => outlineOf(root))
}

const isPossible = isInstalled('redis-server') && hasPostgresql()

;(isPossible ? test : test.skip)(
  'a request through Fastify, Express with pg, Redis, BullMQ, a service under OpenTelemetry, and Koa is one tree in each store',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-whole-'))
    const [redis, postgres, table, receiver] = await Promise.all([
      startServer('redis-server'),
      startPostgresql(),
      startLocalTable(),
      Receiver.start(),
    ])
    const file = `yaml:${join(folder, 'traces.yaml')}`
    const services = new Services({
      FILE: file,
      TABLE: table.url,
      RECEIVER: receiver.url,
      REDIS: `${redis.port}`,
      POSTGRES: `${postgres.port}`,
    })
    try {
      const collectors = await Promise.all([services.collect(file), services.collect(table.url)])
      const labels = await services.start('labels.mjs')
      const vendor = await services.start('vendor.cjs', {
        LABELS: labels.port,
        COLLECTORS: [...collectors, receiver.url].join(' '),
      })
      const worker = await services.start('worker.mjs', { VENDOR: vendor.port })
      const orders = await services.start('orders.mjs')
      const gateway = await services.start('gateway.mjs', { ORDERS: orders.port })

      const done = once(worker.child, 'message')
      const response = await fetch(`http://127.0.0.1:${gateway.port}/checkout/book`, {
        headers: { traceparent: `00-${TRACE_ID}-${CALLER}-01` },
      })
      expect(await response.json()).toEqual({ item: 'book' })
      await done
      await services.stop()

      const sent = receiver.requests.flatMap(({ body }) =>
        body.resourceSpans.flatMap(({ resource, scopeSpans }) => {
          const service = Object(resource.attributes.find(({ key }) => key === 'service.name')?.value)['stringValue']
          return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ parentSpanId: '', ...span, service })))
        }),
      )
      const ofTrace = sent.filter(({ traceId }) => traceId === TRACE_ID)
      expect(outlineOfSent(ofTrace, CALLER)).toEqual([TREE])
      expect(ofTrace).toHaveLength(TREE.split('\n').length)
      expect(await treesIn(openReader(file))).toEqual([TREE])
      expect(await treesIn(openReader(table.url))).toEqual([TREE])
    } finally {
      await services.stop()
      await Promise.all([redis.stop(), postgres.stop(), receiver.close()])
      table.stop()
      rmSync(folder, { recursive: true })
    }
  },
)
