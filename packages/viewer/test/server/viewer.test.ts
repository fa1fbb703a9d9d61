import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTracer, type MemoryRecorder, memoryRecorder, type TraceReader } from '@trace/core'
import { traceViewer } from '../../dist/index.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method }, (res) => {
      let body = ''
      res.on('data', (chunk) => (body += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

let store: MemoryRecorder
beforeEach(async () => {
  store = memoryRecorder()
  const tracer = createTracer({ service: 'shop', recorder: store })
  for (const name of ['one', 'two']) {
    await tracer.trace('request', name, async () => {
      await tracer.span('db', 'load', async () => {})
    })
  }
  await tracer.trace('request', 'three', () => Promise.reject(new Error('no stock'))).catch(() => {})
  await tracer.flush()
})

const ids = (): string[] => [...new Set(store.spans.map(({ traceId }) => String(traceId)))]

describe('what it serves', () => {
  test.each(['/', '/traces/', '/a/b/'])('serves the page and its files under %s', async (path) => {
    const port = await serve(traceViewer({ reader: store }))
    const page = await get(port, path)
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await get(port, `${path}page.js`)).headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect((await get(port, `${path}page.css`)).headers['content-type']).toBe('text/css; charset=utf-8')
    expect(JSON.parse((await get(port, `${path}api/traces`)).body).traces).toHaveLength(3)
  })

  test('leads to where relative paths work', async () => {
    const port = await serve(traceViewer({ reader: store }))
    const { status, headers } = await get(port, '/dev/traces')
    expect([status, new URL(headers.location ?? '', 'http://localhost/dev/traces').pathname]).toEqual([
      302,
      '/dev/traces/',
    ])
  })

  test('searches', async () => {
    const port = await serve(traceViewer({ reader: store }))
    const found = async (q: string): Promise<string[]> => {
      const { body } = await get(port, `/api/traces?q=${encodeURIComponent(q)}`)
      return JSON.parse(body).traces.map(({ name }: { name: string }) => name)
    }
    expect(await found('status:error')).toEqual(['three'])
    expect(await found('kind:db')).toEqual(['two', 'one'])
    expect(await found('"no stock"')).toEqual(['three'])
  })

  test('points at a mistake in a search', async () => {
    const port = await serve(traceViewer({ reader: store }))
    const { status, body } = await get(port, `/api/traces?q=${encodeURIComponent('duration:>soon')}`)
    expect(status).toBe(400)
    expect(JSON.parse(body)).toEqual({ message: expect.stringContaining('^'), at: 9 })
  })

  test('says what is wrong with a trace id, and that a trace is not there', async () => {
    const port = await serve(traceViewer({ reader: store }))
    expect((await get(port, '/api/trace?id=x')).status).toBe(400)
    expect(await get(port, '/api/trace?id=7')).toMatchObject({
      status: 404,
      body: expect.stringContaining('memory has no trace 7'),
    })
  })

  test('says what the reader says where it cannot read', async () => {
    const reader: TraceReader = {
      name: 'broken',
      trace: () => Promise.reject(new Error('no rights on the file')),
      traces: () => Promise.reject(new Error('no rights on the file')),
    }
    const port = await serve(traceViewer({ reader }))
    for (const path of ['/api/traces', '/api/trace?id=7']) {
      expect(await get(port, path)).toMatchObject({ status: 500, body: '{"message":"no rights on the file"}' })
    }
  })

  test('tells of traces as they arrive', async () => {
    const port = await serve(traceViewer({ reader: store }))
    const told = new Promise<string>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/api/live' }, (res) => {
        let text = ''
        res.on('data', (chunk) => {
          text += chunk
          if (text.includes('event: ready') && !text.includes('event: traces') && !sent) {
            sent = true
            void add()
          }
          if (/event: traces\ndata: .*\n\n/.test(text)) {
            resolve(text)
            res.destroy()
          }
        })
        res.on('error', () => {})
      })
        .on('error', reject)
        .end()
    })
    let sent = false
    const add = async (): Promise<void> => {
      const tracer = createTracer({ service: 'shop', recorder: store })
      tracer.trace('request', 'late', () => {})
      await tracer.flush()
    }
    expect(await told).toContain('"name":"late"')
  })
})

describe('what it refuses', () => {
  test('other methods', async () => {
    const port = await serve(traceViewer({ reader: store }))
    expect((await get(port, '/', {}, 'POST')).status).toBe(405)
  })

  test('names that are not those of this machine', async () => {
    const port = await serve(traceViewer({ reader: store, hosts: ['dev.example.com'] }))
    const status = async (Host: string): Promise<number> => (await get(port, '/api/traces', { Host })).status
    for (const host of [
      'localhost',
      `localhost:${port}`,
      '127.0.0.1:80',
      '[::1]:3000',
      'dev.example.com',
      'app.localhost',
    ]) {
      expect([host, await status(host)]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example.com',
      'localhost.evil.com',
      '127.0.0.1.nip.io',
      'dev.example.com.evil.com',
      '192.168.0.1',
    ]) {
      expect([host, await status(host)]).toEqual([host, 403])
    }
  })

  test('what other sites ask for', async () => {
    const port = await serve(traceViewer({ reader: store }))
    const cross = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'empty' }
    expect((await get(port, '/api/traces', cross)).status).toBe(403)
    expect((await get(port, '/', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'document' })).status).toBe(200)
    expect((await get(port, '/')).headers['access-control-allow-origin']).toBeUndefined()
  })

  test('everything in production, unless it is switched on', async () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      expect((await get(await serve(traceViewer({ reader: store })), '/')).status).toBe(404)
      expect((await get(await serve(traceViewer({ reader: store, enabled: true })), '/')).status).toBe(200)
    } finally {
      process.env['NODE_ENV'] = before
    }
  })

  test('to run, frame or leak anything', async () => {
    const port = await serve(traceViewer({ reader: store }))
    for (const path of ['/', '/page.js', '/api/traces', '/api/trace?id=7', '/none.txt']) {
      const { headers } = await get(port, path)
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
    }
  })

  test('paths that lead elsewhere', async () => {
    const port = await serve(traceViewer({ reader: store }))
    for (const path of [
      '/../package.json',
      '/page.js.map',
      '/%2e%2e%2fpackage.json',
      '//evil.example.com',
      '/x%0d%0aSet-Cookie:a=b',
      '/%ff',
    ]) {
      const { status, headers, body } = await get(port, path)
      expect(body).not.toContain('"version"')
      expect([200, 302, 404, 400]).toContain(status)
      expect(headers.location ?? './').toMatch(/^\.\//)
      expect(headers['set-cookie']).toBeUndefined()
    }
  })
})

describe('a saved page', () => {
  test('holds the spans and all it needs, and lets nothing else run', async () => {
    const tracer = createTracer({ service: '</script><script>alert(1)</script>', recorder: store })
    tracer.trace('request', '<!--<script>', () => {})
    await tracer.flush()
    const port = await serve(traceViewer({ reader: store }))
    const { headers, body } = await get(port, `/api/saved?id=${ids().at(-1)}`)
    expect(headers['content-disposition']).toMatch(/^attachment; filename="trace-\d+\.html"$/)
    expect(body).not.toContain('alert(1)</script>')
    expect(body.match(/<script/g)).toHaveLength(2)
    expect(body).toMatch(/Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/)
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//)
  })
})
