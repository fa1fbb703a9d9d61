import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { connect } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { isFailed, type Tracer } from '@trace/core'
import fastify from 'fastify'
import { traceFastify } from '../../src/fastify.js'
import { traceNode } from '../../src/node.js'
import { closing, listen, reasonOf, traced } from '../support/traced-apps.js'

describe('what the server breaks off is its own doing', () => {
  test.each([
    [
      'req.destroy(error), before the head',
      (req: never, _res: never) => destroy(req, new RangeError('enough')),
      'RangeError',
    ],
    [
      'res.destroy(error), before the head',
      (_req: never, res: never) => destroy(res, new RangeError('enough')),
      'RangeError',
    ],
    [
      'res.destroy(error), amid the body',
      (_req: never, res: never) => amid(res, new RangeError('enough')),
      'RangeError',
    ],
    ['res.destroy(), amid the body', (_req: never, res: never) => amid(res), 'ResponseCut'],
  ])('%s', async (_, handle, type) => {
    const { tracer, spans } = traced()
    const port = await listen(traceNode((req, res) => Reflect.apply(handle, undefined, [req, res]), { tracer }))
    await asked(port)
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', type])
  })

  test('its error is that of the stream that was sent, where that broke: Fastify', async () => {
    const { tracer, spans } = traced()
    const app = fastify()
    closing.push(() => app.close())
    await app.register(traceFastify, { tracer })
    app.get('/', (_request, reply) => void reply.send(breaking()))
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
    await asked(port)
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', 'RangeError'])
    expect(span?.data['error.stack']).toContain('enough')
  })

  test('and a plain handler', async () => {
    const { tracer, spans } = traced()
    const handler = (_req: IncomingMessage, res: ServerResponse): void => {
      breaking()
        .on('error', () => res.destroy())
        .pipe(res)
    }
    await asked(await listen(traceNode(handler, { tracer })))
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', 'RangeError'])
  })

  test('and of HTTP/2', async () => {
    const { tracer, spans } = traced()
    const handler = (_req: Http2ServerRequest, res: Http2ServerResponse): void => {
      breaking()
        .on('error', () => res.stream.destroy())
        .pipe(res)
    }
    const server = createHttp2Server(traceNode(handler, { tracer })).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connectHttp2(`http://127.0.0.1:${Object(server.address()).port}`)
    const request = client.request({ ':path': '/' }).on('error', () => {})
    request.resume().end()
    await new Promise((resolve) => request.once('close', resolve))
    client.close()
    server.close()
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', 'RangeError'])
  })

  test.each<[string, (req: IncomingMessage, res: ServerResponse) => void]>([
    ['a pipeline', (_req, res) => pipeline(endless(), res, () => {})],
    ['the request itself', (req, res) => void req.pipe(res)],
  ])('but not that of a stream which breaks because the response was broken off: %s', async (_, send) => {
    const { tracer, spans } = traced()
    const handler = (req: IncomingMessage, res: ServerResponse): void => {
      send(req, res)
      setTimeout(() => res.socket?.destroy(), 20)
    }
    const port = await listen(traceNode(handler, { tracer }))
    const asking = request({ port, method: 'POST' }).on('error', () => {})
    asking.write('some')
    await once(asking, 'close')
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', 'ResponseCut'])
  })

  test('but not that of a stream which the program has stopped itself', async () => {
    const { tracer, spans } = traced()
    const handler = (_req: IncomingMessage, res: ServerResponse): void => {
      endless().pipe(res)
      setTimeout(() => res.destroy(), 20)
    }
    await asked(await listen(traceNode(handler, { tracer })))
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', 'ResponseCut'])
  })

  test('and a client that leaves is none of it', async () => {
    const { tracer, spans } = traced()
    const port = await listen(traceNode((_req, res) => void res.write('x'), { tracer }))
    const client = connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    client.on('error', () => {})
    await new Promise((resolve) => client.once('data', resolve))
    client.destroy()
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span)]).toEqual(['aborted', false])
  })
})

describe('a client that leaves amid its own body has left, whoever gets the error', () => {
  const leaving = async (port: number, tracer: Tracer): Promise<void> => {
    const client = connect(port, '127.0.0.1').on('error', () => {})
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a":')
    while (tracer.stats().started === 0) await sleep(1)
    client.destroy()
  }

  test('a plain handler', async () => {
    const { tracer, spans } = traced()
    const errors: unknown[] = []
    const listener = traceNode(
      async (req) => {
        for await (const _ of req);
      },
      { tracer },
    )
    const caught = (req: IncomingMessage, res: ServerResponse): unknown =>
      listener(req, res).catch((error: unknown) => errors.push(error))
    await leaving(await listen(caught), tracer)
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span), errors.length]).toEqual(['aborted', false, 1])
  })

  test('Fastify', async () => {
    const { tracer, spans } = traced()
    const app = fastify()
    closing.push(() => app.close())
    await app.register(traceFastify, { tracer })
    app.post('/', async () => 'x')
    await leaving(Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port), tracer)
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span)]).toEqual(['aborted', false])
  })
})

function endless(): Readable {
  const stream = new Readable({ read: () => {} })
  stream.push('some')
  return stream
}

/** Breaks after its first part. */
function breaking(): Readable {
  return Readable.from(
    (async function* () {
      yield 'some'
      await sleep(20)
      throw new RangeError('enough')
    })(),
  )
}

async function asked(port: number): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text().catch(() => ''),
    () => '',
  )
}

function destroy(
  stream: { destroy(error?: Error): void; on(event: string, fn: () => void): void },
  error?: Error,
): void {
  stream.on('error', () => {})
  stream.destroy(error)
}

function amid(
  res: { write(text: string): void; destroy(error?: Error): void; on(event: string, fn: () => void): void },
  error?: Error,
): void {
  res.write('some')
  setTimeout(() => destroy(res, error), 20)
}
