import type { IncomingMessage } from 'node:http'
import { gunzip } from 'node:zlib'
import { parseJson, spansOfOtlp } from '@trace/analysis/otlp'
import { onOneLine, type PlainValue, type Span } from '@trace/core/spans'
import { otlpOfProtobuf } from './protobuf.js'

/** How large a request may be, in bytes: as it is sent, and unpacked. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_UNPACKED = 64 * 1024 * 1024

/** Codes of a Status (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto). */
const CODE = { invalid: 3, forbidden: 7, exhausted: 8, unimplemented: 12, unavailable: 14 } as const

/** Why a request is not taken. */
export class Refusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** A request that is to be sent again. */
export function unavailable(why: string): Refusal {
  return new Refusal(503, CODE.unavailable, why)
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal(400, CODE.invalid, onOneLine(error instanceof Error ? error.message : String(error), 300))
}

function tooLarge(most: number): Refusal {
  return new Refusal(413, CODE.exhausted, `expected at most ${most} bytes`)
}

/**
 * @param isLocal whether it came to an address of this machine only
 * @throws {Refusal} what is wrong with its head
 */
export function checkRequest(request: IncomingMessage, isLocal: boolean): void {
  const { method, url = '', headers } = request
  // A page of a browser may have its name point to this machine.
  if (isLocal && !isLoopback((headers.host ?? '').replace(/:\d+$/, '')))
    throw new Refusal(403, CODE.forbidden, 'expected a Host that is this machine; listen elsewhere with --host')
  if (url.split('?')[0] !== '/v1/traces')
    throw new Refusal(404, CODE.unimplemented, 'expected the path /v1/traces: only traces are received here')
  if (method !== 'POST') throw new Refusal(405, CODE.unimplemented, 'expected a POST')
  const { 'content-encoding': encoding = 'identity' } = headers
  if (typeOf(request) === undefined)
    throw new Refusal(415, CODE.invalid, 'expected Content-Type application/json or application/x-protobuf')
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(415, CODE.invalid, 'expected Content-Encoding gzip, or none')
  if (Number(headers['content-length'] ?? 0) > MOST_BYTES) throw tooLarge(MOST_BYTES)
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/

/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

export function typeOf({ headers }: IncomingMessage): 'json' | 'protobuf' | undefined {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';')
  if (type.trim() === 'application/json') return 'json'
  return type.trim() === 'application/x-protobuf' ? 'protobuf' : undefined
}

/** @throws {Refusal} if it is too large */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MOST_BYTES) throw tooLarge(MOST_BYTES)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The spans of a request, and how many of them are malformed, and how the first is. @throws what is wrong with the whole of it */
export async function spansOf(
  request: IncomingMessage,
  body: Buffer,
): Promise<{ readonly spans: Span[]; readonly malformed: number; readonly reason: string }> {
  const bytes = request.headers['content-encoding'] === 'gzip' ? await unpacked(body) : body
  const value: PlainValue = typeOf(request) === 'protobuf' ? otlpOfProtobuf(bytes) : parseJson(bytes.toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('expected a JSON object with resourceSpans')
  let [malformed, reason] = [0, '']
  const spans = spansOfOtlp(value, (why) => {
    if (malformed++ === 0) reason = `a span is malformed: ${why}`
  })
  return { spans, malformed, reason }
}

function unpacked(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(body, { maxOutputLength: MOST_UNPACKED }, (error, bytes) => {
      if (error === null) resolve(bytes)
      else if (Reflect.get(error, 'code') === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge(MOST_UNPACKED))
      else reject(new Error(`expected gzip: ${error.message}`))
    })
  })
}
