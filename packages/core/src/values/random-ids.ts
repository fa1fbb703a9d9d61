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
  if (next === POOL_SIZE) fillPool()
  return pool[next++] ?? 1n
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

/**
 * Works on bytes and words: to look at an id as a bigint takes as long as to make it. Where the program has replaced `crypto` since it was
 * prepared, ids must differ, but need not be secret.
 */
function fillPool(): void {
  pool.fill(0n)
  try {
    prepareIds()
    fillRandomly?.(pool)
  } catch {
    // What is still 0 is filled below.
  }
  for (let at = TOP_BYTE; at < bytes.length; at += 8) bytes[at] = (bytes[at] ?? 0) & 0x7f
  for (let at = 0; at < words.length; at += 2) {
    if (words[at] !== 0 || words[at + 1] !== 0) continue
    words[at] = anyWord() | 1
    words[at + 1] = anyWord()
  }
  next = 0
}

let counted = 0

/** Of 31 bits, so that the top one is clear whichever half this becomes. Counted, in case the program has replaced `Math.random` as well. */
function anyWord(): number {
  let random = 0
  try {
    random = Math.random() * 2 ** 31
  } catch {
    // What is counted differs.
  }
  return (random ^ counted++) & 0x7fff_ffff
}
