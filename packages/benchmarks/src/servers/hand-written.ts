import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'
import { appendFile } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What one would write by hand for just this: a span for every request, both headers, and YAML appended to a file. */
export interface HandSpan {
  readonly id: bigint
  readonly traceId: bigint
  name: string
  readonly method: string
  readonly path: string
  readonly start: bigint
}

export const handContext: AsyncLocalStorage<HandSpan> = new AsyncLocalStorage<HandSpan>()

const FLUSH_MS = 50
const ids = new BigUint64Array(1_024)
let nextId = ids.length
let waiting = ''
let isFlushDue = false
let path = ''
let finished = 0
const epoch = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()

export function setFile(file: string): void {
  path = file
}

export function finishedSpans(): number {
  return finished
}

function id(): bigint {
  if (nextId === ids.length) {
    randomFillSync(ids)
    nextId = 0
  }
  return (ids[nextId++] ?? 0n) & 0x7fff_ffff_ffff_ffffn
}

/** @param route the pattern of the matched route, or, where the framework knows it only then, what tells it at the end */
export function begin(req: IncomingMessage, res: ServerResponse, route?: string | (() => string)): HandSpan {
  const url = req.url ?? ''
  const query = url.indexOf('?')
  const method = req.method ?? ''
  const urlPath = query < 0 ? url : url.slice(0, query)
  const name = `${method} ${typeof route === 'string' ? route : urlPath}`
  const span: HandSpan = { id: id(), traceId: id(), name, method, path: urlPath, start: process.hrtime.bigint() }
  req.headers['x-request-id'] = `${span.traceId}:${span.id}`
  res.on('close', () => {
    if (typeof route === 'function') span.name = `${method} ${route()}`
    finish(span, res.statusCode)
  })
  return span
}

function finish(span: HandSpan, status: number): void {
  const { id: spanId, traceId, name, start } = span
  waiting += `
---
span_id: ${spanId}
trace_id: ${traceId}
parent_id: 0
process: server:${process.pid}@host
kind: request
name: ${name}
start: "${timeText(start + epoch)}"
finish: "${timeText(process.hrtime.bigint() + epoch)}"
http.request.method: ${span.method}
url.path: ${span.path}
http.response.status_code: ${status}
...
`
  finished++
  if (isFlushDue) return
  isFlushDue = true
  setTimeout(flush, FLUSH_MS)
}

function flush(): void {
  isFlushDue = false
  const text = waiting
  waiting = ''
  appendFile(path, text, (error) => {
    if (error !== null) throw error
  })
}

let second = 0n
let secondText = ''

function timeText(time: bigint): string {
  const seconds = time / 1_000_000_000n
  if (seconds !== second) {
    second = seconds
    secondText = new Date(Number(second) * 1000).toISOString().slice(0, 19)
  }
  return `${secondText}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`
}
