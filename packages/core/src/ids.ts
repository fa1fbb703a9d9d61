import { randomFillSync } from 'node:crypto'

/** Largest id that can arrive from elsewhere: 2^64−1. */
export const MAX_ID = 0xffff_ffff_ffff_ffffn

const POOL_SIZE = 1024
const pool = new BigUint64Array(POOL_SIZE)
let next = POOL_SIZE

/** A new random id: 1 … 2^63−1, what the original's signed 64-bit ids can hold. */
export function generateId(): bigint {
  for (;;) {
    if (next === POOL_SIZE) {
      randomFillSync(pool)
      next = 0
    }
    const id = (pool[next++] ?? 0n) & 0x7fff_ffff_ffff_ffffn
    if (id !== 0n) return id
  }
}

/** Whether a value can be a span's or a trace's id: a bigint in 1 … 2^64−1. */
export function isId(value: unknown): value is bigint {
  return typeof value === 'bigint' && value > 0n && value <= MAX_ID
}

/**
 * Reads an id: ASCII decimal digits, leading zeros allowed, 1 … 2^64−1.
 *
 * @returns undefined for anything else; never throws
 */
export function parseId(text: string): bigint | undefined {
  const digits = /^0*(\d{1,20})$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const id = BigInt(digits)
  return isId(id) ? id : undefined
}
