import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { currentSpan, currentSpanId, type Span, span } from '@trace/core'
import { type App, frameworks, startApp } from './frameworks.js'
import { ask, open, requestText } from './raw-client.js'

let app: App

afterEach(() => app?.close())

/** Posts a body, and gives what the handler noted: the current span's id in different places. */
async function notes(name: string, handler: (req: IncomingMessage, res: ServerResponse, note: Note) => unknown) {
  const found: Record<string, bigint> = {}
  const note: Note = (where) => {
    found[where] = currentSpanId()
  }
  app = await startApp(name, (req, res) => handler(req, res, note))
  const socket = await open(app.port)
  socket.write(requestText('/notes', ['Connection: close'], 'POST', 'some body').slice(0, -4))
  setTimeout(() => socket.write('body'), 20)
  socket.resume()
  await once(socket, 'close')
  const [request] = await app.spans()
  if (request === undefined) throw new Error('no span')
  return { found, id: request.spanId, request }
}
type Note = (where: string) => void

function all(id: bigint, ...places: string[]): Record<string, bigint> {
  return Object.fromEntries(places.map((place) => [place, id]))
}

describe.each(Object.keys(frameworks))('%s', (name) => {
  test('it holds in streams, and they work as ever', async () => {
    let body = ''
    const { found, id } = await notes(name, async (req, res, note) => {
      for await (const chunk of req) {
        note('iteration')
        body += chunk
      }
      const upper = new Writable({
        write(chunk, _encoding, done) {
          note('write')
          res.write(chunk, () => done())
        },
        final: (done) => void res.end(done),
      })
      await pipeline(Readable.from(['a', 'b']), upper)
      note('pipeline')
    })
    expect(found).toEqual(all(id, 'iteration', 'write', 'pipeline'))
    expect(body).toBe('some body')
  })

  test('listeners keep this, arguments and result, and can be removed', async () => {
    const seen: unknown[] = []
    const { found, id } = await notes(name, (req, res, note) => {
      const removed = (): void => note('removed')
      res.on('own', removed).off('own', removed)
      res.once('own', function (this: unknown, ...args: unknown[]) {
        note('own')
        seen.push(this === res, ...args)
      })
      setImmediate(() => {
        seen.push(res.emit('own', 1, 2, 3, 4), res.emit('own'), res.emit('other'))
        expect(() => req.emit('error', new Error('nobody listens'))).toThrow('nobody listens')
        res.end()
      })
    })
    expect(found).toEqual(all(id, 'own'))
    expect(seen).toEqual([true, 1, 2, 3, 4, true, false, false])
  })

  test('what a listener of close adds to the span is kept', async () => {
    const { request } = await notes(name, (req, res) => {
      res.on('close', () => {
        const data = currentSpan()?.data
        if (data !== undefined) data['late'] = true
      })
      req.resume().on('end', () => res.end())
    })
    expect(request.data['late']).toBe(true)
  })

  test('10,000 requests, 50 at a time, on kept-alive connections: every span has the right parent', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    app = await startApp(name, async (req, res) => {
      const id = req.url?.slice('/load/'.length) ?? ''
      req.on('end', () => span('event', id, () => {}))
      req.resume()
      await turn()
      await span('work', id, async () => {
        await turn()
        span('inner', id, () => {})
      })
      res.end('#')
    })
    await Promise.all(Array.from({ length: 50 }, (_, at) => visit(at, 200)))
    check(await app.spans(), 10_000)
    expect(app.tracer.stats()).toMatchObject({ open: 0, started: 40_000, recorded: 40_000 })
    expect(warnings).toEqual([])
    process.off('warning', onWarning)
  }, 240_000)
})

async function visit(first: number, times: number): Promise<void> {
  const socket = await open(app.port)
  for (let time = 0; time < times; time++) await ask(socket, requestText(`/load/${first}-${time}`))
  socket.destroy()
}

function check(spans: readonly Span[], requests: number): void {
  const byId = new Map(spans.map((each) => [each.spanId, each]))
  const wrong: string[] = []
  for (const each of spans) {
    const parent = byId.get(each.parentId)
    const expected = { request: undefined, event: 'request', work: 'request', inner: 'work' }[each.kind]
    const path = parent?.kind === 'request' ? parent.data['url.path'] : `/load/${parent?.name}`
    const isRight =
      parent?.kind === expected &&
      (parent === undefined || (path === `/load/${each.name}` && parent.traceId === each.traceId))
    if (!isRight) wrong.push(`${each.kind} ${each.name} under ${parent?.kind} ${parent?.name}`)
  }
  expect(wrong).toEqual([])
  expect(new Set(spans.map((each) => each.traceId)).size).toBe(requests)
}
