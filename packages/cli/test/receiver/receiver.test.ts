import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecordError } from '@trace/core'
import type { Span } from '@trace/core/spans'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { type Receiver, startReceiver } from '../../src/receiver/receiver.js'

let receiver: Receiver
let stored: Span[]
let losses: string[]
let record: (spans: readonly Span[]) => void | Promise<void>

beforeEach(async () => {
  stored = []
  losses = []
  record = (spans) => void stored.push(...spans)
  receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    record: (spans) => record(spans),
    onFirstLoss: (reason) => void losses.push(reason),
  })
})
afterEach(() => receiver.close())

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly text: string
  readonly headers: NodeJS.Dict<string | string[]>
}

const JSON_TYPE = { 'content-type': 'application/json' }

async function send(body: string | Buffer, headers: object = JSON_TYPE, path = '/v1/traces', method = 'POST') {
  const sent = request(`${receiver.url}${path}`, { method, headers: { ...headers }, agent: false })
  // Where the body is not read to its end, sending it fails.
  sent.on('error', () => {})
  sent.end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  const answer: Answer = {
    status: response.statusCode,
    type: response.headers['content-type'],
    text,
    headers: response.headers,
  }
  return answer
}

let ids = 0
const aSpan = (parts: object = {}) => ({
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: (++ids).toString(16).padStart(16, '0'),
  name: 'GET /',
  startTimeUnixNano: '1',
  endTimeUnixNano: '2',
  ...parts,
})
const requestOf = (...spans: object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: spans.length > 0 ? spans : [aSpan()] }] }] })

describe('a request', () => {
  test('is answered in its format, and its spans are stored, compressed or not', async () => {
    expect(await send(requestOf())).toMatchObject({ status: 200, type: 'application/json', text: '{}' })
    const type = { 'content-type': 'application/JSON; charset=utf-8' }
    expect(await send(gzipSync(requestOf()), { ...type, 'content-encoding': 'gzip' })).toMatchObject({ status: 200 })
    expect(await send('{}')).toMatchObject({ status: 200, text: '{}' })
    const binary = await send(Buffer.alloc(0), { 'content-type': 'application/x-protobuf' })
    expect(binary).toMatchObject({ status: 200, type: 'application/x-protobuf', text: '' })
    expect(stored.map(({ name }) => name)).toEqual(['GET /', 'GET /'])
    expect(receiver.received).toEqual({ requests: 4, refused: 0, spans: 2, rejected: 0 })
  })

  test('with malformed spans is a partial success: the others are stored', async () => {
    const { status, text } = await send(requestOf(aSpan(), aSpan({ traceId: 'x' }), aSpan({ spanId: '' })))
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedSpans: '2',
          errorMessage: 'a span is malformed: its traceId is not up to 32 hexadecimal digits, or is 0',
        },
      },
    ])
    expect(receiver.received).toEqual({ requests: 1, refused: 0, spans: 1, rejected: 2 })
    expect(losses).toHaveLength(1)
  })

  test('whose spans the store refuses is a partial success; one that it may take later is to be sent again', async () => {
    record = (spans) => {
      throw new RecordError('no such\ntable', spans.slice(1))
    }
    const partial = await send(requestOf(aSpan(), aSpan()))
    expect(JSON.parse(partial.text).partialSuccess.rejectedSpans).toBe('1')
    record = () => Promise.reject(new Error('broken'))
    const whole = await send(requestOf())
    expect(JSON.parse(whole.text)).toEqual({ partialSuccess: { rejectedSpans: '1', errorMessage: 'broken' } })
    record = (spans) => {
      throw new RecordError('the disk is full', spans, { retry: true })
    }
    const later = await send(requestOf())
    expect([later.status, later.headers['retry-after'], JSON.parse(later.text)]).toEqual([
      503,
      '1',
      { code: 14, message: 'the disk is full' },
    ])
    expect(receiver.received).toEqual({ requests: 3, refused: 0, spans: 1, rejected: 2 })
  })

  test.each<[string, number, string, string | Buffer, object, string, string]>([
    [
      'another path',
      404,
      'expected the path /v1/traces: only traces are received here',
      '{}',
      JSON_TYPE,
      '/v1/logs',
      'POST',
    ],
    ['another method', 405, 'expected a POST', '', JSON_TYPE, '/v1/traces', 'GET'],
    [
      'another type',
      415,
      'expected Content-Type application/json or application/x-protobuf',
      '{}',
      { 'content-type': 'text/plain' },
      '/v1/traces',
      'POST',
    ],
    [
      'another encoding',
      415,
      'expected Content-Encoding gzip, or none',
      '{}',
      { ...JSON_TYPE, 'content-encoding': 'br' },
      '/v1/traces',
      'POST',
    ],
    [
      'another host',
      403,
      'expected a Host that is this machine; listen elsewhere with --host',
      '{}',
      { ...JSON_TYPE, host: 'evil.example:4318' },
      '/v1/traces',
      'POST',
    ],
    [
      'no gzip',
      400,
      'expected gzip: incorrect header check',
      'xxxx',
      { ...JSON_TYPE, 'content-encoding': 'gzip' },
      '/v1/traces',
      'POST',
    ],
    ['no object', 400, 'expected a JSON object with resourceSpans', '[1]', JSON_TYPE, '/v1/traces', 'POST'],
    [
      'too much when it is unpacked',
      413,
      'expected at most 67108864 bytes',
      gzipSync(Buffer.alloc(67_108_865)),
      { ...JSON_TYPE, 'content-encoding': 'gzip' },
      '/v1/traces',
      'POST',
    ],
  ])('of %s is refused with a Status', async (_what, status, message, body, headers, path, method) => {
    const answer = await send(body, headers, path, method)
    expect([answer.status, answer.type, JSON.parse(answer.text).message]).toEqual([status, 'application/json', message])
    expect(losses).toEqual([message])
    expect(receiver.received).toMatchObject({ refused: 1, spans: 0 })
  })

  test('that is too large is refused, whether it says so or not; the next one is taken', async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, 0x20)
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }]) {
      expect((await send(large, headers)).status).toBe(413)
    }
    expect((await send(requestOf())).status).toBe(200)
  })

  test('in protocol buffers is refused by a Status in protocol buffers', async () => {
    const { status, type, text } = await send(Buffer.from([0x0a]), { 'content-type': 'application/x-protobuf' })
    expect([status, type]).toEqual([400, 'application/x-protobuf'])
    expect(text).toContain('OTLP: expected protocol buffers, got a field that goes beyond its message, by byte 1')
    expect(Buffer.from(text).subarray(0, 3)).toEqual(Buffer.from([0x08, 3, 0x12]))
  })

  test('that breaks off does no harm', async () => {
    const { port } = new URL(receiver.url)
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    )
    socket.resetAndDestroy()
    await once(socket, 'close')
    expect((await send(requestOf())).status).toBe(200)
  })

  test('whatever it holds, is answered, and the receiver goes on', async () => {
    const json = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        '['.repeat(100_000),
        `${'{"a":'.repeat(50_000)}`,
        ' '.repeat(1_000_000),
        `[${' '.repeat(1_000_000)}1`,
      ),
      fc.json().map((value) => `{"resourceSpans":[{"scopeSpans":[{"spans":${value}}],"resource":${value}}]}`),
      fc
        .dictionary(fc.constantFrom('traceId', 'spanId', 'attributes', 'events', 'links', 'status'), fc.jsonValue())
        .map((span) => requestOf({ ...aSpan(), ...span })),
    )
    await fc.assert(
      fc.asyncProperty(json, async (body) => {
        expect([200, 400]).toContain((await send(body)).status)
      }),
      { numRuns: runs(150) },
    )
    expect((await send(requestOf())).status).toBe(200)
  })
})

test('spans are recorded one request after the other, and close waits for those that have come', async () => {
  let [running, most] = [0, 0]
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  record = async (spans) => {
    most = Math.max(most, ++running)
    await gate
    running--
    stored.push(...spans)
  }
  const answers = [1, 2, 3].map(() => send(requestOf()))
  while (running === 0) await new Promise(setImmediate)
  const closed = receiver.close()
  release()
  const [first] = await Promise.all([Promise.any(answers), closed])
  expect(first.status).toBe(200)
  await Promise.allSettled(answers)
  expect([most, stored.length]).toEqual([1, receiver.received.spans])
})
