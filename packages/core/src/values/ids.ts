import { endianness } from 'node:os'
import { TraceError } from './errors.js'
import { aroundSnapshot } from './snapshot.js'

/** Largest id that can arrive from elsewhere: 2^64−1. */
export const MAX_ID = 0xffff_ffff_ffff_ffffn

const POOL_SIZE = 1024
const pool = new BigUint64Array(POOL_SIZE)
const bytes = new Uint8Array(pool.buffer)
const words = new Uint32Array(pool.buffer)
const TOP_BYTE = endianness() === 'LE' ? 7 : 0
let next = POOL_SIZE
let fillRandomly: ((array: BigUint64Array<ArrayBuffer>) => unknown) | undefined

// Processes that start from one snapshot would all go on with the ids that it holds.
aroundSnapshot({
  after: () => {
    next = POOL_SIZE
  },
})

/** A new random id: 1 … 2^63−1, what the Go package's signed 64-bit ids can hold. Never throws. */
export function generateId(): bigint {
  for (;;) {
    if (next === POOL_SIZE) fillPool()
    const id = pool[next++] ?? 0n
    if (id !== 0n) return id
  }
}

/**
 * Loads what ids are made with, so that no request waits for it.
 *
 * @throws {TraceError} `TRACE_NO_CRYPTO` where the program runs without the global `crypto`
 */
export function prepareIds(): void {
  fillRandomly ??= globalRandom()
}

/** `node:crypto` has the same, and takes some milliseconds longer to import. */
function globalRandom(): typeof fillRandomly {
  const { crypto } = globalThis
  if (typeof crypto?.getRandomValues === 'function') return crypto.getRandomValues.bind(crypto)
  throw new TraceError(
    'TRACE_NO_CRYPTO',
    'createTracer: ids are made with the global `crypto`, which is not there; start Node without --no-experimental-global-webcrypto, and leave it as it is',
  )
}

/** Clears the ids' top bits here, by bytes, since a bigint's costs as much again as the id. */
function fillPool(): void {
  try {
    prepareIds()
    fillRandomly?.(pool)
  } catch {
    // Where something has been put in its place since then: ids have to be different, and need not be secret.
    for (let at = 0; at < words.length; at++) words[at] = Math.random() * 2 ** 32
  }
  for (let at = TOP_BYTE; at < bytes.length; at += 8) bytes[at] = (bytes[at] ?? 0) & 0x7f
  next = 0
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

/** A 128-bit W3C trace id: 32 hexadecimal digits. */
export function w3cTraceId(traceId: bigint, upperTraceId: bigint): string {
  return ((upperTraceId << 64n) | traceId).toString(16).padStart(32, '0')
}
