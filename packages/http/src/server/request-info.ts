import { DATA_KEYS, type LateData } from '@trace/core'
import { nodeHttp } from '../values/node-http.js'
import type { HeadRules } from './options.js'

/** What an adapter knows of a request when it begins. */
export interface Arrival {
  /** The pattern that it matched, empty where it matched none; undefined where that is not known, or not known yet. */
  readonly route?: string | undefined
  /** Whether the methods of all such requests and responses have their wrappers, so that this one's need none. Default false. */
  readonly isWrapped?: boolean
}

/** A registration of tracing, which begins requests. */
export interface Registration {
  /** What traces them, such as `traceExpress`, for messages. */
  readonly adapter: string
  readonly head: HeadRules
}

/** What is the case for a request: see `RequestSpan`. */
const WRAPPED = 1
const WRITTEN = 2
const FINISHED = 4

/** About how much memory its data take besides their texts, in bytes. */
const DATA_BYTES = 210

/** What is known of a request without the request itself, which is not kept in memory for it: what its span's data are made of. */
export class RequestInfo implements LateData {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs.
  declare readonly by: Registration
  declare readonly method: string
  declare readonly path: string
  declare route: string | undefined
  /** What the span is called unless the program has named it; undefined where it has from the start. */
  declare ownName: string | undefined
  /** As it is recorded. */
  declare query: string | undefined
  /** Nanoseconds after the start. */
  declare firstByteAfter: bigint | undefined
  /** That of the response, or the first line of its head, which tells it. */
  declare status: number | string | undefined
  /** In bytes; undefined where it is not recorded. */
  declare bodySize: number | undefined
  declare private flags: number

  constructor(by: Registration, method: string, path: string, { route, isWrapped = false }: Arrival) {
    this.by = by
    this.method = method
    this.path = path
    this.flags = isWrapped ? WRAPPED : 0
    this.route = route
    this.ownName = undefined
    this.query = undefined
    this.firstByteAfter = undefined
    this.status = undefined
    this.bodySize = undefined
  }

  get isWrapped(): boolean {
    return (this.flags & WRAPPED) !== 0
  }

  /** Whether the span's data have been written, so that what is known later is to be written, too. */
  get isWritten(): boolean {
    return (this.flags & WRITTEN) !== 0
  }

  /** Whether the span has finished, and been left to be written later. */
  get isFinished(): boolean {
    return (this.flags & FINISHED) !== 0
  }

  writeTo(data: Record<string, unknown>): void {
    const { route, query } = this
    if (!this.isFinished) this.flags |= WRITTEN
    data[DATA_KEYS.httpMethod] = this.method
    if (route !== undefined && route !== '') data[DATA_KEYS.httpRoute] = route
    data[DATA_KEYS.urlPath] = this.path
    if (query !== undefined) data[DATA_KEYS.urlQuery] = query
    this.writeEnd(data)
  }

  /** Writes what is known once the request has ended. */
  writeEnd(data: Record<string, unknown>): void {
    if (this.firstByteAfter !== undefined) data[DATA_KEYS.httpTimeToFirstByte] = milliseconds(this.firstByteAfter)
    const status = typeof this.status === 'string' ? statusIn(this.status) : this.status
    if (status === undefined) return
    data[DATA_KEYS.httpStatus] = status
    if (this.bodySize !== undefined) data[DATA_KEYS.httpResponseSize] = this.bodySize
    // Of a response that had told another status than its head.
    if (status < 500 || typeof this.status !== 'string') return
    const { name, message } = errorOf(status)
    data[DATA_KEYS.errorType] = name
    data[DATA_KEYS.errorMessage] = message
  }

  finish(): number {
    this.flags |= FINISHED
    return DATA_BYTES + this.path.length + (this.route?.length ?? 0) + (this.query?.length ?? 0)
  }
}

/** What a response of this status tells, where no error is known. */
export function errorOf(status: number): { readonly name: string; readonly message: string } {
  return { name: String(status), message: nodeHttp().STATUS_CODES[status] ?? '' }
}

/** The status of `HTTP/1.1 200 OK`, as Node writes it. Read digit by digit, since an expression would take longer than all the rest of an end. */
export function statusIn(line: unknown): number | undefined {
  if (typeof line !== 'string') return undefined
  const status = 100 * digitAt(line, 9) + 10 * digitAt(line, 10) + digitAt(line, 11)
  return status > 0 ? status : undefined
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30
}

/** To the microsecond. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000n) / 1_000
}
