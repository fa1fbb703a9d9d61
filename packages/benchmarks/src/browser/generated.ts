import type { Span } from '@trace/core'

const SERVICES = 12
const NAMES = 50
const KINDS = ['db', 'request', 'client', 'work']
/** Every so many spans one has failed. */
const FAILS_EVERY = 997

/** A trace of many spans: most of them some ten levels deep, with two to four values of data each; the same at every call. */
export function generatedTrace(traceId: bigint, count: number): Span[] {
  const random = randomFrom(7)
  const start = 1_790_000_000_000_000_000n
  return Array.from({ length: count }, (_, at): Span => {
    const number = at + 1
    const from = start + BigInt(at) * 1_000n
    const failed = number % FAILS_EVERY === 0 ? { 'error.type': 'RangeError', 'error.message': 'no such item' } : {}
    return {
      spanId: 4_815_162_342_000_000_000n + BigInt(number),
      traceId,
      parentId:
        at === 0 ? 0n : 4_815_162_342_000_000_000n + BigInt(Math.max(1, Math.floor(number / (2 + random() * 3)))),
      process: `service-${number % SERVICES}:1@host-${number % 3}`,
      kind: KINDS[number % KINDS.length] ?? '',
      name: `operation ${number % NAMES}`,
      start: from,
      finish: from + BigInt(Math.floor(random() * 50_000_000)),
      data: { 'url.path': `/items/${number}`, rows: number % 100, ...failed },
    }
  })
}

/** Numbers from 0 to 1, by the generator of Park and Miller. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
}
