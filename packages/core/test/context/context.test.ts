import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { currentSpanId } from '../../src/context/context.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { bind, span } from '../../src/tracing/free-functions.js'

const recorder = memoryRecorder()
const tracer = createTracer({ service: 'users', recorder })

afterEach(() => expect(currentSpanId()).toBe(0n))

/** Runs in a new trace, and checks that each id reported is that of its span. */
async function expectInSpan(fn: (report: () => void) => Promise<void>): Promise<void> {
  await tracer.trace('work', 'w', async (span) => {
    const ids: bigint[] = []
    await fn(() => ids.push(currentSpanId()))
    expect(ids.length).toBeGreaterThan(0)
    expect(new Set(ids)).toEqual(new Set([span.spanId]))
  })
}

describe('the context holds across', () => {
  test('await, promises and timers', () =>
    expectInSpan(async (report) => {
      await null
      report()
      await sleep(1)
      report()
      const defers = [(fn: () => void) => setTimeout(fn, 1), setImmediate, process.nextTick, queueMicrotask]
      for (const defer of defers) {
        await new Promise<void>((resolve) => {
          defer(() => {
            report()
            resolve()
          })
        })
      }
    }))

  test('async generators and streams', () =>
    expectInSpan(async (report) => {
      async function* numbers() {
        for (let i = 0; i < 3; i++) {
          await sleep(1)
          report()
          yield `${i}`
        }
      }
      const seen = new Transform({
        transform(chunk, _encoding, done) {
          report()
          done(null, chunk)
        },
      })
      await pipeline(Readable.from(numbers()), seen, async (source) => {
        for await (const _ of source) report()
      })
    }))

  test('a listener that is bound, whoever emits', () =>
    expectInSpan(async (report) => {
      const emitter = new EventEmitter()
      emitter.on('x', bind(report))
      await tracer.trace('work', 'another', () => emitter.emit('x'))
    }))

  test('an outgoing HTTP request', () =>
    expectInSpan(async (report) => {
      const server = createServer((_req, res) => res.end('ok')).listen(0)
      const { port } = server.address() as AddressInfo
      const outgoing = request({ port, agent: false })
      outgoing.end()
      const [response] = await once(outgoing, 'response')
      report()
      for await (const _ of response) report()
      server.close()
    }))
})

test('100 concurrent children each keep their own, and have the same parent', async () => {
  const above = await tracer.trace('work', 'above', async (above) => {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        span('work', `child ${i}`, async (child) => {
          for (let turn = 0; turn < 5; turn++) {
            await sleep(Math.random() * 5)
            expect(currentSpanId()).toBe(child.spanId)
          }
          await span('work', `grandchild ${i}`, () => sleep(1))
        }),
      ),
    )
    return above
  })
  await tracer.flush()
  const spans = recorder.spans.filter((s) => s.traceId === above.traceId)
  const children = new Map(spans.filter((s) => s.name.startsWith('child')).map((s) => [s.spanId, s]))
  expect(children.size).toBe(100)
  for (const child of children.values()) expect(child.parentId).toBe(above.spanId)
  for (const s of spans.filter((each) => each.name.startsWith('grand'))) {
    expect(`grand${children.get(s.parentId)?.name}`).toBe(s.name)
  }
})

test('two installed copies of the package share one context', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trace-copy-'))
  const dist = new URL('../../dist/', import.meta.url)
  cpSync(dist, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'two.mjs'),
    `import * as one from ${JSON.stringify(new URL('index.js', dist).href)}
     import * as two from ${JSON.stringify(pathToFileURL(join(folder, 'index.js')).href)}
     const recorder = one.memoryRecorder()
     const tracer = one.createTracer({ service: 'one', recorder })
     const other = two.memoryRecorder()
     const second = two.createTracer({ service: 'two', recorder: other })
     tracer.trace('work', 'above', () => {
       two.span('work', 'free', () => {})
       second.span('work', 'second', () => one.span('work', 'inner', () => {}))
       if (two.currentSpanId() !== one.currentSpanId() || one.createTracer === two.createTracer) throw new Error('not shared')
     })
     await tracer.flush(); await second.flush()
     console.log([...recorder.spans, ...other.spans].map((s) => s.name + ' ' + (s.traceId === recorder.spans[1].traceId)).join())`,
  )
  const output = execFileSync(process.execPath, [join(folder, 'two.mjs')], { encoding: 'utf8' })
  expect(output.trim()).toBe('free true,above true,inner true,second true')
})
