import { endianness } from 'node:os'
import { TraceError } from './errors.js'
import { aroundSnapshot } from './snapshot.js'

const POOL_SIZE = 2_048
const pool = new BigUint64Array(POOL_SIZE)
const bytes = new Uint8Array(pool.buffer)
const words = new Uint32Array(pool.buffer)
const TOP_BYTE = endianness() === 'LE' ? 7 : 0
let next = POOL_SIZE
let fillRandomly: ((array: BigUint64Array<ArrayBuffer>) => unknown) | undefined

// Otherwise all processes that start from one snapshot would use the ids that it holds.
aroundSnapshot({
  after: () => {
    next = POOL_SIZE
  },
})

/** A new random id: 1 … 2^63−1, since the Go package's ids are signed 64-bit integers. Never throws. */
export function generateId(): bigint {
  for (;;) {
    if (next === POOL_SIZE) fillPool()
    const id = pool[next++] ?? 0n
    if (id !== 0n) return id
  }
}

/**
 * Loads the random generator, so that no request waits for it.
 *
 * @throws {TraceError} `TRACE_NO_CRYPTO` if the program runs without the global `crypto`
 */
export function prepareIds(): void {
  fillRandomly ??= globalRandom()
}

/** `node:crypto` has the same function, but takes some milliseconds longer to import. */
function globalRandom(): typeof fillRandomly {
  const { crypto } = globalThis
  if (typeof crypto?.getRandomValues === 'function') return crypto.getRandomValues.bind(crypto)
  throw new TraceError(
    'TRACE_NO_CRYPTO',
    'createTracer: ids are made with the global `crypto`, which is missing; start Node without --no-experimental-global-webcrypto, and do not remove it',
  )
}

/** Clears the top bit of the ids as bytes: to do so with a bigint would take as long again as the id. */
function fillPool(): void {
  try {
    prepareIds()
    fillRandomly?.(pool)
  } catch {
    // The program has replaced `crypto` since then. Ids must differ, but need not be secret.
    for (let at = 0; at < words.length; at++) words[at] = Math.random() * 2 ** 32
  }
  for (let at = TOP_BYTE; at < bytes.length; at += 8) bytes[at] = (bytes[at] ?? 0) & 0x7f
  next = 0
}
