import type { IncomingMessage, ServerResponse } from 'node:http'
import { SAFE_HEADERS } from './guard.js'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

export function json(status: number, value: unknown): Answer {
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
  return { status, type: 'application/json; charset=utf-8', text }
}

export function send(req: IncomingMessage, res: ServerResponse, { status, type, text, headers }: Answer): void {
  // Who has gone is told nothing: Node calls it an error.
  if (res.destroyed) return
  const length = Buffer.byteLength(text)
  res.writeHead(status, { ...SAFE_HEADERS, 'Content-Type': type, 'Content-Length': length, ...headers })
  res.end(req.method === 'HEAD' ? undefined : text)
}
