import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { base, clientSpans, off, on, recorder, send } from '../support/client-stand.js'

describe('node:http', () => {
  test('that the program aborts or drops is no failure; one that times out is', async () => {
    on()
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    const [aborted] = await clientSpans(() => send('/never', { signal: abort.signal }))
    expect(aborted?.data).toMatchObject({ 'http.end_reason': 'aborted' })
    recorder.clear()
    const [late] = await clientSpans(() => send('/never', { signal: AbortSignal.timeout(20) }))
    expect(late?.data).toMatchObject({ 'http.end_reason': 'error' })
  })

  test('that becomes another protocol says so', async () => {
    on()
    const [upgraded] = await clientSpans(async () => {
      const request = http.request(`${base}/upgrade`, { headers: { Connection: 'Upgrade', Upgrade: 'x' } })
      request.end()
      const [, socket] = await once(request, 'upgrade')
      socket.destroy()
    })
    expect(upgraded?.data).toMatchObject({ 'http.response.status_code': 101, 'http.end_reason': 'upgraded' })
  })

  test('leaves alone what somebody has put in the place of a request', async () => {
    const { request } = http
    http.request = () => new PassThrough() as unknown as http.ClientRequest
    on()
    try {
      const made: unknown[] = []
      const spans = await clientSpans(async () => {
        made.push(http.request(base), http.request(base, { headers: ['Host', 'a'] }))
      })
      expect(made.map((each) => [each instanceof PassThrough, Object.keys(Object(each)).includes('emit')])).toEqual([
        [true, false],
        [true, false],
      ])
      expect(spans.map(({ data }) => data['http.end_reason'])).toEqual([undefined])
    } finally {
      off()
      http.request = request
    }
  })

  test('is put back as it was', () => {
    const { request, get, Agent, ClientRequest } = http
    const { addRequest } = Agent.prototype as unknown as Record<string, unknown>
    on()
    off()
    expect([http.request, http.get]).toEqual([request, get])
    expect(Reflect.get(Agent.prototype, 'addRequest')).toBe(addRequest)
    expect(Object.keys(Object.getOwnPropertyDescriptors(ClientRequest.prototype))).not.toContain('emit')
  })

  test('is put back as it was once all that was under way has ended', async () => {
    const names = () => Object.getOwnPropertyNames(http.ClientRequest.prototype)
    const before = names()
    on()
    await clientSpans(async () => {
      const asked = send('/a')
      off()
      expect(names()).toEqual(expect.arrayContaining(['emit', 'end', 'write', 'flushHeaders']))
      await asked
    })
    expect(names()).toEqual(before)
  })

  test('ends a span though the program takes all listeners off', async () => {
    on()
    const [span] = await clientSpans(async () => {
      const request = http.get(`${base}/a`).removeAllListeners()
      const [response] = await once(request, 'response')
      await once(response.resume(), 'end')
    })
    expect(span?.data['http.response.status_code']).toBe(200)
  })

  test('ends a span where an agent only tells of an error', async () => {
    on()
    const agent = {
      addRequest: (request: http.ClientRequest) => setImmediate(() => request.emit('error', new RangeError('x'))),
    }
    const [span] = await clientSpans(() => send('/a', { agent: agent as unknown as http.Agent }))
    expect(span?.data).toMatchObject({ 'http.end_reason': 'error', 'error.type': 'RangeError' })
  })
})

test('every way of importing node:http is reached, whatever was imported first', () => {
  const program = `
    import http, { get, request } from 'node:http'
    import * as all from 'node:http'
    import https, { get as secureGet } from 'node:https'
    import { createRequire } from 'node:module'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceClients } from ${JSON.stringify(new URL('../../dist/client.js', import.meta.url).href)}
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'test', recorder })
    const required = createRequire(import.meta.url)('http')
    const { origin } = new URL(${JSON.stringify(base)})
    const send = (make, url) => new Promise((resolve) => make(url, (res) => res.resume().on('close', resolve)).on('error', resolve).end())
    traceClients(tracer)
    await tracer.trace('work', 'above', async () => {
      for (const make of [http.get, get, request, all.get, required.request]) await send(make, origin + '/a')
      for (const make of [https.request, secureGet]) await send(make, 'https://127.0.0.1:1/secure')
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await tracer.flush()
    console.log(recorder.spans.filter((span) => span.kind === 'client').map((span) => span.data['url.path']).join(' '))`
  const folder = fileURLToPath(new URL('.', import.meta.url))
  // In a child process, so that it does not wait for this process, in which its server runs.
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: folder }).then(
    ({ stdout }) => {
      expect(stdout.trim()).toBe('/a /a /a /a /a /secure /secure')
    },
  )
})
