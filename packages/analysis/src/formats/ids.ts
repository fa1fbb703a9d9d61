import { DATA_KEYS, type Span } from '@trace/core/spans'

const MAX_ID = 0xffff_ffff_ffff_ffffn

/** The id of a span: 16 hexadecimal digits. */
export function spanHex(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

/**
 * The id of a trace as 32 hexadecimal digits: the whole 128-bit id if any of its spans knows it, which all spans of a trace must have
 * then; else padded with zeros.
 */
export function traceHex(spans: readonly Span[]): string {
  for (const { data, traceId, upperTraceId } of spans) {
    if (upperTraceId !== undefined) return spanHex(upperTraceId) + spanHex(traceId)
    const whole = Object.hasOwn(data, DATA_KEYS.w3cTraceId) ? data[DATA_KEYS.w3cTraceId] : undefined
    if (typeof whole === 'string' && /^[0-9a-f]{32}$/.test(whole) && idsOf(whole)?.id === traceId) return whole
  }
  return (spans[0]?.traceId ?? 0n).toString(16).padStart(32, '0')
}

/** The id of a trace as it is here, and as it was. */
export interface TraceIds {
  readonly id: bigint
  /** 32 hexadecimal digits, if the upper half is not 0. */
  readonly whole: string | undefined
}

/**
 * Reads the id of a trace: up to 32 hexadecimal digits. Its lower half is the id here, or the upper half if that is 0.
 *
 * @returns undefined if it is none
 */
export function idsOf(text: string): TraceIds | undefined {
  if (!/^[0-9a-fA-F]{1,32}$/.test(text)) return undefined
  const all = BigInt(`0x${text}`)
  const [upper, lower] = [all >> 64n, all & MAX_ID]
  if (all === 0n) return undefined
  return { id: lower === 0n ? upper : lower, whole: upper === 0n ? undefined : all.toString(16).padStart(32, '0') }
}

/** Reads the id of a span: up to 16 hexadecimal digits; undefined if it is none, or 0. */
export function spanIdOf(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) return undefined
  const id = BigInt(`0x${text}`)
  return id === 0n ? undefined : id
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The digits of an id that is written in base64, as some write OTLP; any other text as it is. */
export function hexOfBase64(text: string): string {
  if (!/^(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{11}=)$/.test(text)) return text
  let bits = 0n
  for (const character of text.replaceAll('=', '')) bits = (bits << 6n) | BigInt(BASE64.indexOf(character))
  // 16 bytes are 22 characters with 4 bits too many, 8 bytes are 11 characters with 2.
  return text.length === 24 ? (bits >> 4n).toString(16).padStart(32, '0') : (bits >> 2n).toString(16).padStart(16, '0')
}
