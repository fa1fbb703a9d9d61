import type { FormatName, HeaderSet } from './headers.js'

/** What a set of headers means by docs/formats.md and the standards. It shares no code with the program. */
export interface Verdict {
  /** The caller's ids, trusted or not; undefined if none are well-formed. */
  readonly caller: Ids | undefined
  /** The caller says that its trace is not recorded. */
  readonly isRefused: boolean
  readonly isTrusted: boolean
  /** Another system's request id, which may be recorded. */
  readonly foreign: string | undefined
  /** The `tracestate` that came with W3C ids, unchanged. */
  readonly state: string | undefined
}

export interface Ids {
  readonly traceId: bigint
  readonly parentId: bigint
  readonly upper: bigint
  /** W3C's flag that the id is random. */
  readonly isRandom: boolean
}

type Get = (name: string) => string | undefined
type Found = Pick<Verdict, 'caller' | 'isRefused' | 'state'>

/** The values of a header as a server shows them: trimmed and joined. */
function getter(set: HeaderSet): Get {
  const found = new Map<string, string>()
  for (const [name, sent] of set) {
    const key = name.toLowerCase()
    const value = sent.replace(/^[ \t]+|[ \t]+$/g, '')
    const earlier = found.get(key)
    found.set(key, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return (name) => found.get(name)
}

const LARGEST = (1n << 64n) - 1n
const isId = (id: bigint): boolean => id > 0n && id <= LARGEST

function readRequestId(get: Get): Found | undefined {
  const sent = get('x-request-id') ?? ''
  const match = sent.length <= 64 ? /^([0-9]+):([0-9]+)$/.exec(sent) : null
  if (match === null) return undefined
  const [traceId, parentId] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)]
  if (!isId(traceId) || !isId(parentId)) return undefined
  return { caller: { traceId, parentId, upper: 0n, isRandom: false }, isRefused: false, state: undefined }
}

function fromHex(trace: string, span: string, isRandom: boolean): Ids | undefined {
  const whole = BigInt(`0x${trace}`)
  const ids = { traceId: whole & LARGEST, parentId: BigInt(`0x${span}`), upper: whole >> 64n, isRandom }
  return isId(ids.traceId) && isId(ids.parentId) ? ids : undefined
}

/** https://www.w3.org/TR/trace-context-2/#traceparent-header */
function readW3c(get: Get): Found | undefined {
  const match = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(get('traceparent') ?? '')
  if (match === null || (match[1] === '00' && match[5] !== undefined) || match[0].length > 512) return undefined
  const bits = Number.parseInt(match[4] ?? '', 16)
  const caller = fromHex(match[2] ?? '', match[3] ?? '', (bits & 2) === 2)
  return caller === undefined ? undefined : { caller, isRefused: bits % 2 === 0, state: get('tracestate') }
}

/** https://github.com/openzipkin/b3-propagation */
function readB3(get: Get): Found | undefined {
  const refusal = { caller: undefined, isRefused: true, state: undefined }
  const single = get('b3')
  if (single === '0') return refusal
  const match = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-(0|1|d|true|false)(?:-[0-9a-f]{16})?)?$/.exec(
    single ?? '',
  )
  const caller = match === null ? undefined : fromHex(match[1] ?? '', match[2] ?? '', false)
  if (caller !== undefined) return { caller, isRefused: match?.[3] === '0' || match?.[3] === 'false', state: undefined }
  return readSeveral(get, refusal)
}

function readSeveral(get: Get, refusal: Found): Found | undefined {
  const decision = get('x-b3-flags') === '1' ? '1' : get('x-b3-sampled')
  const isRefused = decision === '0' || decision === 'false'
  const [trace, span] = [get('x-b3-traceid'), get('x-b3-spanid') ?? '']
  if (trace === undefined) return isRefused ? refusal : undefined
  if (!/^([0-9a-f]{16}){1,2}$/.test(trace) || !/^[0-9a-f]{16}$/.test(span)) return undefined
  if (decision !== undefined && !/^(0|1|d|true|false)$/.test(decision)) return undefined
  const caller = fromHex(trace, span, false)
  return caller === undefined ? undefined : { caller, isRefused, state: undefined }
}

const READERS: Readonly<Record<FormatName, readonly ((get: Get) => Found | undefined)[]>> = {
  requestId: [readRequestId],
  w3c: [readW3c],
  b3: [readB3],
  all: [readW3c, readB3, readRequestId],
}

const NOTHING: Found = { caller: undefined, isRefused: false, state: undefined }

export function judge(set: HeaderSet, format: FormatName): Verdict {
  const get = getter(set)
  let found = NOTHING
  for (const read of READERS[format]) {
    const result = read(get)
    if (result === undefined) continue
    found = result
    break
  }
  const isTrusted = get('x-token') === 'right'
  const id = format === 'requestId' || format === 'all' ? get('x-request-id') : undefined
  const isForeign = id !== undefined && /^[ -~]{1,128}$/.test(id) && readRequestId(get) === undefined
  return { ...found, isTrusted, foreign: isForeign ? id : undefined }
}

/** Whether a server may refuse a request with these headers, or read them differently. */
export function isMalformed(set: HeaderSet): boolean {
  return set.some(([, value]) => /[\x00-\x08\x0a-\x1f\x7f]/.test(value) || value.length > 1_000)
}
