import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { context } from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import {
  createTracer,
  currentSpan,
  memoryRecorder,
  type RecordError,
  type Recorder,
  type Span,
  span,
  tee,
} from '@trace/core'
import { openReader, openRecorder } from '@trace/core/open'
import { extract, inject, w3c } from '@trace/http'
import { otlpRecorder } from '../../src/otlp/index.js'
import { type ReceivedSpan, Receiver } from '../support/receiver.js'
import { unregisterAll } from '../support/recorded.js'

let receiver: Receiver
beforeAll(async () => {
  receiver = await Receiver.start()
})
afterEach(() => receiver.reset())
afterAll(() => receiver.close())

let ids = 0n
const aSpan = (parts: Partial<Span> = {}): Span => ({
  spanId: ++ids,
  traceId: 42n,
  parentId: 0n,
  process: 'users:1@host',
  kind: 'work',
  name: 'tidy',
  start: 1_000n,
  finish: 2_000n,
  data: {},
  ...parts,
})

/** What a recorder does with some spans. */
async function outcome(recorder: Recorder, spans: readonly Span[]): Promise<unknown> {
  try {
    await recorder.record(spans)
    return 'stored'
  } catch (error) {
    const { message, retry, spans: lost } = error as RecordError
    return { message: message.replaceAll(receiver.url, 'URL'), retry, lost: lost.length }
  } finally {
    await recorder.close?.()
  }
}

const namesOf = (spans: readonly ReceivedSpan[]): string[] => spans.map(({ name }) => name)

describe('what is sent', () => {
  test('is every finished span, compressed, to /v1/traces; no open span, and no ledger', async () => {
    const recorder = otlpRecorder({ url: receiver.url, headers: { 'x-token': 'abc' }, resource: { zone: 'a' } })
    const tracer = createTracer({ service: 'users', recorder, ledger: true })
    tracer.trace('request', 'GET /', () => span('db', 'load', () => tracer.start('work', 'open')))
    expect(await tracer.close()).toEqual({ left: 0, lost: 0 })
    expect(namesOf(receiver.spans)).toEqual(['load', 'GET /'])
    const [request] = receiver.requests
    expect(request).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-token': 'abc' },
    })
    const attributes = request?.body.resourceSpans[0]?.resource.attributes
    expect(attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'users' } })
    expect(attributes).toContainEqual({ key: 'zone', value: { stringValue: 'a' } })
    expect(receiver.requests).toHaveLength(1)
  })

  test('has the same 128-bit id on every span of a trace, as it came in, and as it goes on by W3C', async () => {
    const [a, b] = ['gateway', 'orders'].map((service) =>
      createTracer({ service, recorder: otlpRecorder({ url: receiver.url }) }),
    )
    const propagators = [w3c()]
    const sent: Record<string, unknown>[] = []
    const whole = '0af7651916cd43dd8448eb211c80319c'
    const callers = [{ traceparent: `00-${whole}-00f067aa0ba902b7-01` }, {}]
    for (const caller of callers) {
      a?.trace(
        'request',
        'first',
        () =>
          span('client', 'call', () => {
            const carrier = inject<Record<string, unknown>>({}, { propagators })
            sent.push(carrier)
            b?.trace('request', 'second', () => span('db', 'load', () => {}), extract(carrier, { propagators }))
          }),
        extract(caller, { propagators }),
      )
    }
    await Promise.all([a?.close(), b?.close()])
    const [theirs, ours] = sent.map(({ traceparent }) => String(traceparent).split('-')[1])
    expect(theirs).toBe(whole)
    expect(ours).toMatch(/^0{16}[0-9a-f]{16}$/)
    for (const id of [theirs, ours]) {
      const ofTrace = receiver.spans.filter(({ traceId }) => traceId === id)
      expect(namesOf(ofTrace).sort()).toEqual(['call', 'first', 'load', 'second'])
    }
    expect(receiver.spans).toHaveLength(8)
  })

  test('goes to the receiver of a URL; nothing is read from there', async () => {
    const url = `otlp+${receiver.url}/prefix/v1/traces?gzip=false&timeout=5000`
    await outcome(openRecorder(url), [aSpan()])
    const [request] = receiver.requests
    expect(request?.path).toBe('/prefix/v1/traces')
    expect(request?.headers).not.toHaveProperty('content-encoding')
    const wrong = [`${url}&level=9`, 'otlp+http://user:secret@host', 'otlp+http://host#x', 'otlp+http://host?gzip=9']
    const messages = wrong.map((each) => {
      try {
        return openRecorder(each).name
      } catch (error) {
        return String(error)
      }
    })
    expect(messages).toEqual([
      'TraceError: otlp+http: unknown parameter "level"; expected one of: gzip, timeout, maxBytes',
      'TraceError: otlpRecorder: url: expected a URL such as http://localhost:4318, got one with a user or password, which belong into the headers',
      'TraceError: otlpRecorder: url: expected a URL such as http://localhost:4318, got "http://host#x"',
      'TraceError: otlpRecorder: option "gzip": expected true or false, got 9',
    ])
    expect(() => openReader(url)).toThrow('otlp+http: only sends: read the traces where they were sent to')
  })

  test('is traced by nobody', async () => {
    const seen: unknown[] = []
    const see = (): void => void seen.push([currentSpan(), isTracingSuppressed(context.active())])
    new NodeTracerProvider().register()
    subscribe('http.client.request.start', see)
    const tracer = createTracer({ recorder: memoryRecorder() })
    await tracer.trace('work', 'w', () => outcome(otlpRecorder({ url: receiver.url }), [aSpan()]))
    unsubscribe('http.client.request.start', see)
    unregisterAll()
    expect(seen).toEqual([[undefined, true]])
    await tracer.close()
  })

  test('goes into several requests where one would be larger than it may be, or than the receiver takes', async () => {
    const spans = Array.from({ length: 9 }, (_, at) => aSpan({ name: `${at}`, data: { text: 'x'.repeat(1_000) } }))
    expect(await outcome(otlpRecorder({ url: receiver.url, maxBytes: 5_000 }), spans)).toBe('stored')
    expect(receiver.requests.length).toBeGreaterThan(2)
    expect(namesOf(receiver.spans)).toEqual([...'012345678'])
    receiver.reset()
    receiver.answer = (got) => [got.length > 2 || got.some(({ name }) => name === '4') ? 413 : 200]
    expect(await outcome(otlpRecorder({ url: receiver.url }), spans)).toEqual({
      message: 'otlp(URL/v1/traces): it answered 413 Payload Too Large',
      retry: false,
      lost: 1,
    })
  })
})

describe('a receiver that does not take spans', () => {
  test('for now is asked again, and has each once', async () => {
    const answers: [number, object, Record<string, string>][] = [
      [503, { message: 'starting' }, { 'retry-after': '0' }],
      [429, {}, { 'retry-after': new Date(0).toUTCString() }],
      [502, {}, { 'retry-after': '0' }],
      [504, {}, { 'retry-after': '0' }],
    ]
    receiver.answer = () => answers.shift() ?? [200, {}]
    const warn = jest.fn<(message: string) => void>()
    const tracer = createTracer({ recorder: otlpRecorder({ url: receiver.url }), logger: { warn } })
    tracer.trace('work', 'w', () => {})
    expect(await tracer.flush({ timeout: 60_000 })).toEqual({ left: 0, lost: 0 })
    expect(receiver.requests).toHaveLength(5)
    expect(warn.mock.calls.map(([message]) => message.replaceAll(receiver.url, 'URL'))).toEqual([
      'trace: 1 span was not stored yet, and will be tried again: otlp(URL/v1/traces): it answered 503 Service Unavailable: starting',
    ])
    await tracer.close()
  })

  test('is not asked before the time that it says', async () => {
    receiver.answer = () => [429, {}, { 'retry-after': '3600' }]
    const tracer = createTracer({ recorder: otlpRecorder({ url: receiver.url }), logger: { warn: () => {} } })
    tracer.trace('work', 'w', () => {})
    void tracer.flush()
    while (receiver.requests.length === 0) await new Promise(setImmediate)
    // The tracer tries again after 100 ms.
    expect(await tracer.flush({ timeout: 300 })).toEqual({ left: 1, lost: 0 })
    expect(await tracer.close({ timeout: 1 })).toMatchObject({ left: 1 })
    expect(receiver.requests).toHaveLength(1)
  })

  test('and says that it has rejected some, leads to a loss of as many, with its message', async () => {
    receiver.answer = () => [200, { partialSuccess: { rejectedSpans: '2', errorMessage: 'too\nold' } }]
    const warn = jest.fn<(message: string) => void>()
    const tracer = createTracer({ recorder: otlpRecorder({ url: receiver.url }), logger: { warn } })
    for (let at = 0; at < 5; at++) tracer.trace('work', 'w', () => {})
    expect(await tracer.flush()).toEqual({ left: 0, lost: 2 })
    expect(tracer.stats()).toMatchObject({ recorded: 3, failed: 2 })
    receiver.answer = () => [200, { partialSuccess: { errorMessage: 'use a newer version' } }]
    for (let at = 0; at < 2; at++) {
      tracer.trace('work', 'w', () => {})
      await tracer.flush()
    }
    expect(warn.mock.calls.map(([message]) => message.replaceAll(receiver.url, 'URL'))).toEqual([
      expect.stringMatching(/^trace: 2 spans were lost: otlp\(URL\/v1\/traces\): it did not take all: too.{1,6}old$/),
      'trace: otlp(URL/v1/traces) warns: use a newer version',
    ])
    await tracer.close()
  })

  const advice = 'put its credentials into the option headers, or OTEL_EXPORTER_OTLP_HEADERS'
  const json = 'it must take OTLP/HTTP in JSON'
  test.each<[number, object, Record<string, string>, string]>([
    [400, { code: 3, message: 'bad id' }, {}, `it answered 400 Bad Request: bad id; ${json}, of version 1.0 or later`],
    [401, {}, {}, `it answered 401 Unauthorized; ${advice}`],
    [403, {}, {}, `it answered 403 Forbidden; ${advice}`],
    [404, {}, {}, 'it answered 404 Not Found; check the path of the URL: mostly it is /v1/traces'],
    [415, {}, {}, `it answered 415 Unsupported Media Type; ${json}`],
    [302, {}, { location: 'http://x/' }, 'it answered 302 Found; redirects are not followed: use the URL http://x/'],
    [500, {}, {}, `it answered 500 Internal Server Error; ${json}, of version 1.0 or later`],
  ])('at all, by status %d, loses them, and the message says what to do', async (status, body, headers, message) => {
    receiver.answer = () => [status, body, headers]
    const got = await outcome(otlpRecorder({ url: receiver.url }), [aSpan(), aSpan()])
    expect(got).toEqual({ message: `otlp(URL/v1/traces): ${message}`, retry: false, lost: 2 })
  })

  test('since nobody is there, or since it does not answer, is asked again', async () => {
    const gone = await Receiver.start()
    const { url } = gone
    await gone.close()
    expect(await outcome(otlpRecorder({ url }), [aSpan()])).toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
      retry: true,
      lost: 1,
    })
    receiver.answer = () => 'never'
    expect(await outcome(otlpRecorder({ url: receiver.url, timeout: 50 }), [aSpan()])).toEqual({
      message: 'otlp(URL/v1/traces): it did not answer within 50 ms',
      retry: true,
      lost: 1,
    })
  })

  test('beside a file: the file has all', async () => {
    receiver.answer = () => [400]
    const memory = memoryRecorder()
    const tracer = createTracer({
      recorder: tee(memory, otlpRecorder({ url: receiver.url })),
      logger: { warn: () => {} },
    })
    tracer.trace('work', 'w', () => {})
    expect((await tracer.close()).stores?.map(({ lost }) => lost)).toEqual([0, 1])
    expect(memory.spans).toHaveLength(1)
  })

  test('a span whose times OTLP does not have is lost by itself', async () => {
    const spans = [aSpan({ start: -1n }), aSpan({ name: 'good' }), aSpan({ finish: 2n ** 64n })]
    expect(await outcome(otlpRecorder({ url: receiver.url }), spans)).toMatchObject({ retry: false, lost: 2 })
    expect(namesOf(receiver.spans)).toEqual(['good'])
  })
})

test('a process that ends by itself has sent its spans; one that exits loses them, and says so', async () => {
  const core = new URL('../../../core/dist/index.js', import.meta.url).href
  const own = new URL('../../dist/otlp/index.js', import.meta.url).href
  const run = (body: string): string => {
    const program = `
      import { createServer } from 'node:http'
      import { createTracer } from ${JSON.stringify(core)}
      import { otlpRecorder } from ${JSON.stringify(own)}
      const server = createServer((request, response) => {
        request.resume().on('end', () => { console.log('received'); response.end('{}') })
      })
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      server.unref()
      const recorder = otlpRecorder({ url: 'http://127.0.0.1:' + server.address().port })
      const tracer = createTracer({ service: 'test', recorder, logger: { warn: (message) => console.log(message) } })
      tracer.trace('work', 'w', () => {})
      process.on('exit', () => console.log(tracer.stats().recorded))
      ${body}`
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout
  }
  expect(run('').split('\n')).toEqual(['received', '1', ''])
  expect(run('process.exit()')).toMatch(
    /^trace: 1 span was lost: otlp\(.*\) cannot store at exit; call `await tracer.close\(\)` before the process exits\n0\n$/,
  )
})

test('the recorder loads nothing of OpenTelemetry, and no analysis', () => {
  const seen = new Set<string>()
  const modules = new Set<string>()
  const follow = (file: URL): void => {
    if (seen.has(file.href)) return
    seen.add(file.href)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import) ?["']([^"']+)["']/g)) {
      if (name.startsWith('.')) follow(new URL(name, file))
      else modules.add(name)
    }
  }
  follow(new URL('../../dist/otlp/index.js', import.meta.url))
  expect([...modules].sort()).toEqual(['@trace/core', '@trace/core/spans', '@trace/core/store'])
})
