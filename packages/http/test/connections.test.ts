import type { Server } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type App, frameworks, startApp } from './frameworks.js'
import { open, readAll, requestText, untilClosed } from './raw-client.js'

let app: App

afterEach(() => app.close())

describe.each(Object.keys(frameworks))('%s', (name) => {
  test('Expect: 100-continue', async () => {
    app = await startApp(name, (req, res) => req.resume().on('end', () => res.end('#')))
    const socket = await open(app.port)
    socket.write(
      'POST /any HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    )
    setTimeout(() => socket.write('body'), 20)
    const text = await readAll(socket)
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
    expect(await app.spans()).toMatchObject([{ data: { 'http.response.status_code': 200 } }])
    expect(app.tracer.stats()).toMatchObject({ open: 0, started: 1 })
  })

  test('a handler that never answers, and a server that gives up', async () => {
    app = await startApp(name, (req) => {
      const { server } = req.socket as unknown as { server: Server }
      server.setTimeout(30)
      req.socket.setTimeout(30)
    })
    const socket = await open(app.port)
    socket.write(requestText('/any'))
    await untilClosed(socket)
    expect(await app.spans()).toMatchObject([{ data: { 'http.end_reason': 'aborted' } }])
    expect(app.tracer.stats()).toMatchObject({ open: 0, started: 1 })
  })

  test('server-sent events: one span, with its first byte, until the client goes', async () => {
    app = await startApp(name, (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n#')
      const timer = setInterval(() => res.write('data: 2\n\n'), 10)
      res.on('close', () => clearInterval(timer))
    })
    const socket = await open(app.port)
    socket.write(requestText('/any'))
    // From when the first byte has been read, so that it cannot be late.
    socket.once('data', () => setTimeout(() => socket.destroy(), 80))
    expect(await readAll(socket)).toContain('data: 1')
    const [span] = await app.spans()
    const duration = Number((span?.finish ?? 0n) - (span?.start ?? 0n)) / 1e6
    expect(span?.data).toMatchObject({ 'http.end_reason': 'aborted', 'http.response.status_code': 200 })
    expect(span?.data['http.time_to_first_byte']).toBeLessThan(duration - 40)
  })
})
