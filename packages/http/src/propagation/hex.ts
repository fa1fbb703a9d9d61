const LOWER_64 = 0xffff_ffff_ffff_ffffn

/** The ids of a W3C or B3 header. */
export interface HexIds {
  /** The lower half of the trace id, 1 … 2^64−1. */
  readonly traceId: bigint
  /** The upper half of the trace id, 0 … 2^64−1. */
  readonly upperTraceId: bigint
  /** The caller's span, 1 … 2^64−1. */
  readonly parentId: bigint
}

/**
 * Ids from hexadecimal digits, which have been checked to be such.
 *
 * @param traceId 16 or 32 digits
 * @param spanId 16 digits
 * @returns undefined where an id is 0. A trace id whose lower half is 0 is none that this package can keep
 */
export function hexIds(traceId: string, spanId: string): HexIds | undefined {
  const whole = BigInt(`0x${traceId}`)
  const parentId = BigInt(`0x${spanId}`)
  const lower = whole & LOWER_64
  if (lower === 0n || parentId === 0n) return undefined
  return { traceId: lower, upperTraceId: whole >> 64n, parentId }
}

/** An id of 64 bits as 16 hexadecimal digits. */
export function hexOf(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}
