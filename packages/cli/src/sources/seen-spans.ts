import { LEDGER_KIND, type Span } from '@trace/core/spans'

/** Of four slots three are taken at most: more would make searches long. */
const FULL = 0.75
/** How many slots there are at first: a power of 2. */
const FIRST_SLOTS = 1_024
/** Chosen anew in each process, so that nobody can choose ids that all fall on one slot. */
const [LOW, HIGH] = [oddNumber(), oddNumber()]
const [LOW_IN_LOW, HIGH_IN_LOW, LOW_IN_HIGH, HIGH_IN_HIGH] = [oddNumber(), oddNumber(), oddNumber(), oddNumber()]

function oddNumber(): number {
  return Math.floor(Math.random() * 2 ** 30) * 2 + 1
}

/**
 * Which spans have come, by 64 bits of both ids: in a typed array, since a set of texts takes ten times the memory. Its memory is
 * bounded: of the latest spans as many are known for certain as the limit says, and twice as many at most.
 */
export class SeenSpans {
  readonly #limit: number
  /** Those that came last, and those before them. */
  #young = new Keys()
  #old: Keys | undefined
  readonly #ids = new BigUint64Array(3)
  readonly #halves = new Int32Array(this.#ids.buffer)
  /** The key of the span that is asked for. */
  #low = 0
  #high = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns whether it is new; from now on it has come */
  add(span: Span): boolean {
    this.#seek(span)
    if (this.#old?.has(this.#low, this.#high) === true || !this.#young.add(this.#low, this.#high)) return false
    if (this.#young.size >= this.#limit) {
      const young = this.#old ?? new Keys()
      young.clear()
      this.#old = this.#young
      this.#young = young
    }
    return true
  }

  has(span: Span): boolean {
    this.#seek(span)
    return this.#young.has(this.#low, this.#high) || this.#old?.has(this.#low, this.#high) === true
  }

  /** Spans of one trace never have the same key. Of a ledger, a later record says more. */
  #seek({ traceId, spanId, kind, finish = 0n }: Span): void {
    const halves = this.#halves
    this.#ids[0] = spanId
    this.#ids[1] = traceId
    this.#ids[2] = kind === LEDGER_KIND ? finish : 0n
    const half = (at: number): number => halves[at] ?? 0
    const low = half(0) ^ Math.imul(half(2), LOW_IN_LOW) ^ Math.imul(half(3), HIGH_IN_LOW) ^ half(4)
    const high = half(1) ^ Math.imul(half(2), LOW_IN_HIGH) ^ Math.imul(half(3), HIGH_IN_HIGH) ^ half(5)
    const isNone = low === 0 && high === 0
    this.#low = isNone ? LOW : low
    this.#high = isNone ? HIGH : high
  }
}

/** A set of keys of 64 bits, as halves. No key is 0. */
class Keys {
  size = 0
  #halves = new Int32Array(2 * FIRST_SLOTS)

  has(low: number, high: number): boolean {
    const at = this.#slotOf(low, high)
    return this.#halves[at] !== 0 || this.#halves[at + 1] !== 0
  }

  /** @returns whether it is new */
  add(low: number, high: number): boolean {
    const at = this.#slotOf(low, high)
    const halves = this.#halves
    if (halves[at] !== 0 || halves[at + 1] !== 0) return false
    halves[at] = low
    halves[at + 1] = high
    this.size++
    if (2 * this.size >= FULL * halves.length) this.#grow()
    return true
  }

  clear(): void {
    this.#halves.fill(0)
    this.size = 0
  }

  #grow(): void {
    const before = this.#halves
    this.#halves = new Int32Array(2 * before.length)
    for (let from = 0; from < before.length; from += 2) {
      const [low = 0, high = 0] = [before[from], before[from + 1]]
      if (low === 0 && high === 0) continue
      const at = this.#slotOf(low, high)
      this.#halves[at] = low
      this.#halves[at + 1] = high
    }
  }

  /** Where a key is, or the free slot where it is to be. */
  #slotOf(low: number, high: number): number {
    const halves = this.#halves
    const mask = halves.length - 1
    let hash = Math.imul(low, LOW) ^ Math.imul(high, HIGH)
    hash ^= hash >>> 15
    for (let at = (2 * hash) & mask; ; at = (at + 2) & mask) {
      const [l, h] = [halves[at], halves[at + 1]]
      if ((l === low && h === high) || (l === 0 && h === 0)) return at
    }
  }
}
