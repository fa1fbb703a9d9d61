import type { IncomingMessage, ServerResponse } from 'node:http'
import { types } from 'node:util'

/** What a program can see of a request. */
export interface Journal {
  /** The properties of request and response when the handler starts. */
  readonly requestKeys: readonly string[]
  readonly responseKeys: readonly string[]
  /** The number of listeners for each event of the connection. */
  readonly connection: Readonly<Record<string, number>>
  /** Everything else, in order. */
  readonly lines: string[]
}

const EVENTS = ['aborted', 'close', 'data', 'drain', 'end', 'error', 'finish', 'pause', 'pipe', 'prefinish', 'readable']
const MORE_EVENTS = ['resume', 'socket', 'timeout', 'unpipe', 'own', 'other']
const ALL_EVENTS: readonly string[] = [...EVENTS, ...MORE_EVENTS]

/** Events that depend on timing. */
const TIMED: ReadonlySet<unknown> = new Set(['drain', 'resume', 'pause', 'readable'])

/** Begins a journal, to which all events are added from now on. */
export function watch(req: IncomingMessage, res: ServerResponse): Journal {
  const lines = [`listeners: request ${shown(listenersOf(req))}, response ${shown(listenersOf(res))}`]
  const connection = listenersOf(req.socket)
  const journal = { requestKeys: Object.keys(req), responseKeys: Object.keys(res), connection, lines }
  note(lines, 'request', req)
  note(lines, 'response', res)
  noteState(journal, 'before', res)
  // Without a listener, an `error` would end the process.
  req.on('error', () => {})
  res.on('error', () => {})
  return journal
}

function listenersOf(emitter: { listenerCount(event: string): number }): Record<string, number> {
  const counts = ALL_EVENTS.map((event) => [event, emitter.listenerCount(event)] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

function note(lines: string[], name: string, emitter: IncomingMessage | ServerResponse): void {
  const { emit } = emitter
  emitter.emit = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
    if (!TIMED.has(event)) lines.push([name, String(event), ...args.map(kindOf)].join(' '))
    return Reflect.apply(emit, this, [event, ...args])
  }
}

function kindOf(value: unknown): string {
  return types.isNativeError(value) ? errorText(value) : typeof value
}

export function errorText(error: unknown): string {
  if (!types.isNativeError(error)) return String(error)
  return `${error.name} ${String(Reflect.get(error, 'code'))}: ${error.message}`
}

const STATE = [
  'headersSent',
  'statusCode',
  'statusMessage',
  'finished',
  'writableEnded',
  'writableFinished',
  'destroyed',
]
const INNER_STATE = [
  'chunkedEncoding',
  'shouldKeepAlive',
  'sendDate',
  '_contentLength',
  '_hasBody',
  '_last',
  '_removedTE',
]

/** Notes the state of a response that a program can read. */
export function noteState({ lines }: Journal, when: string, res: ServerResponse): void {
  const state = [...STATE, ...INNER_STATE].map((name) => `${name} ${String(Reflect.get(res, name))}`)
  const rawNames: unknown = Reflect.get(res, 'getRawHeaderNames')
  const raw = typeof rawNames === 'function' ? shown(Reflect.apply(rawNames, res, [])) : ''
  lines.push(`${when}: ${state.join(', ')}`)
  lines.push(`${when}: headers ${shown(res.getHeaders())} ${shown(res.getHeaderNames())} ${raw}`)
  lines.push(`${when}: ours ${res.hasHeader('X-Request-Id')} ${shown(res.getHeader('x-request-id'))}`)
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}
