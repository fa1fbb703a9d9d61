import type { Span } from '@trace/core/spans'

/** Who owns a span's time: the row of its statistics. */
export interface Owner {
  selfTime: number
}

/** A finished span as it is linked with its parent. Times are in ns from some moment. */
export interface LinkedSpan {
  readonly span: Span
  readonly service: string
  readonly owner: Owner
  readonly start: number
  readonly end: number
  readonly failed: boolean
}

/** What is known of the children of a span. */
export interface Children {
  /** Where they ran: stretches that do not touch, the earliest first, as start and end by turns. */
  readonly covered: number[]
  /**
   * What came from each service before the span itself came: children come first, as a rule. Four numbers by turns: the service, how
   * many, how many failed, and the sum of their durations. A map of objects takes four times the memory, for as many parents as there are.
   */
  waiting: number[] | undefined
}

/** Of so many slots at most one is taken: more would make searches long. */
const FILL = 2
/** How many slots there are at first: a power of 2. */
const FIRST_SLOTS = 1_024
/** Chosen anew in each process, so that nobody can choose ids that all fall on one slot. */
const [FACTOR_LOW, FACTOR_HIGH] = [oddNumber(), oddNumber()]

function oddNumber(): number {
  return Math.floor(Math.random() * 2 ** 31) * 2 + 1
}

/**
 * Spans by their ids. It has its figures in typed arrays: a map of objects takes five times the memory, and a multiple of the time, for
 * spans come by the million.
 */
export class LinkTable {
  /** Those that are known have an owner. The others were only named as parents. */
  owners: (Owner | undefined)[] = []
  services: (string | undefined)[] = []
  children: (Children | undefined)[] = []
  starts: Float64Array = new Float64Array(0)
  ends: Float64Array = new Float64Array(0)
  /** How many are not known, of those that have not moved to another table. */
  unknown = 0
  readonly #limit: number
  #ids = new BigUint64Array(0)
  /** The same as halves: comparing these makes no bigints. */
  #halves = new Uint32Array(0)
  readonly #sought = new BigUint64Array(1)
  readonly #soughtHalves = new Uint32Array(this.#sought.buffer)
  #size = 0

  /** @param limit how many spans there is room for. It begins with room for few */
  constructor(limit: number) {
    this.#limit = limit
    this.#allocate(FIRST_SLOTS)
  }

  #allocate(slots: number): void {
    this.#ids = new BigUint64Array(slots)
    this.#halves = new Uint32Array(this.#ids.buffer)
    this.starts = new Float64Array(slots)
    this.ends = new Float64Array(slots)
    this.owners = new Array<undefined>(slots).fill(undefined)
    this.services = new Array<undefined>(slots).fill(undefined)
    this.children = new Array<undefined>(slots).fill(undefined)
  }

  #grow(): void {
    const { owners, services, children, starts, ends } = this
    const ids = this.#ids
    this.#allocate(2 * ids.length)
    for (const [from, id] of ids.entries()) {
      if (id === 0n) continue
      const at = this.#slotOf(id)
      this.#ids[at] = id
      this.owners[at] = owners[from]
      this.services[at] = services[from]
      this.children[at] = children[from]
      this.starts[at] = starts[from] ?? 0
      this.ends[at] = ends[from] ?? 0
    }
  }

  get isFull(): boolean {
    return this.#size >= this.#limit
  }

  /** Where a span is, or is to be from now on: if it is in another table, what is known of it moves here. */
  find(id: bigint, other: LinkTable | undefined): number {
    if (FILL * this.#size >= this.#ids.length) this.#grow()
    const at = this.#slotOf(id)
    if (this.#ids[at] === 0n) this.#begin(at, id, other)
    return at
  }

  #begin(at: number, id: bigint, other: LinkTable | undefined): void {
    this.#ids[at] = id
    this.#size++
    this.unknown++
    if (other === undefined) return
    const from = other.#slotOf(id)
    if (other.#ids[from] !== id) return
    this.children[at] = other.children[from]
    const owner = other.owners[from]
    if (owner === undefined) other.unknown--
    else {
      const [service = '', start = 0, end = 0] = [other.services[from], other.starts[from], other.ends[from]]
      this.become(at, { service, owner, start, end })
    }
  }

  /** The span itself came. */
  become(at: number, { service, owner, start, end }: Omit<LinkedSpan, 'span' | 'failed'>): void {
    this.owners[at] = owner
    this.services[at] = service
    this.starts[at] = start
    this.ends[at] = end
    this.unknown--
  }

  clear(): void {
    this.#ids.fill(0n)
    this.owners.fill(undefined)
    this.services.fill(undefined)
    this.children.fill(undefined)
    this.unknown = 0
    this.#size = 0
  }

  /** Where an id is, or the free slot where it is to be. */
  #slotOf(id: bigint): number {
    this.#sought[0] = id
    const [low = 0, high = 0] = this.#soughtHalves
    const halves = this.#halves
    const mask = this.owners.length - 1
    let hash = Math.imul(low, FACTOR_LOW) ^ Math.imul(high, FACTOR_HIGH)
    hash ^= hash >>> 15
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const [l, h] = [halves[2 * at], halves[2 * at + 1]]
      if ((l === low && h === high) || (l === 0 && h === 0)) return at
    }
  }
}
