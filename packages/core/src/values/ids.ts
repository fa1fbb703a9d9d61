/** The largest id that another program may send: 2^64−1. */
export const MAX_ID = 0xffff_ffff_ffff_ffffn

/** Whether a value can be the id of a span or a trace: a bigint from 1 to 2^64−1. */
export function isId(value: unknown): value is bigint {
  return typeof value === 'bigint' && value > 0n && value <= MAX_ID
}

/**
 * Reads an id of ASCII decimal digits: 1 … 2^64−1, leading zeros allowed. Never throws.
 *
 * @returns undefined if the text is not an id
 */
export function parseId(text: string): bigint | undefined {
  const digits = /^0*(\d{1,20})$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const id = BigInt(digits)
  return isId(id) ? id : undefined
}

/** The 128-bit trace id of W3C Trace Context: 32 hexadecimal digits. */
export function w3cTraceId(traceId: bigint, upperTraceId: bigint): string {
  return ((upperTraceId << 64n) | traceId).toString(16).padStart(32, '0')
}
