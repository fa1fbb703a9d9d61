import type { SpanNode } from '../tree/node.js'

/** A line of a drawn process, on which what runs within something else stands below it. */
interface Lane {
  readonly number: number
  /** What runs on it: each within the one before. */
  readonly running: SpanNode[]
}

/** Where a span is drawn. */
export interface Place {
  readonly process: string
  /** Counted from 1 in its process. */
  readonly lane: number
}

/**
 * Puts spans on lanes, so that on each lane one is either within another or beside it: a child on the lane of its parent, if it is
 * of the same process, runs within it, and nothing else of the lane runs then; else on one that is free, or new.
 */
export function lanesOf(nodes: readonly SpanNode[]): ReadonlyMap<SpanNode, Place> {
  const sorted = nodes.toSorted((a, b) => a.start - b.start || endOf(b) - endOf(a) || a.depth - b.depth)
  const places = new Map<SpanNode, Place>()
  const lanes = new Map<SpanNode, Lane>()
  const processes = new Map<string, Lanes>()
  for (const node of sorted) {
    const { process } = node.span
    const ofProcess = processes.get(process) ?? new Lanes()
    processes.set(process, ofProcess)
    const { parent } = node
    const parentLane = parent?.span.process === process ? lanes.get(parent) : undefined
    const lane =
      parent !== undefined && parentLane !== undefined && fitsBelow(node, parent, parentLane)
        ? parentLane
        : ofProcess.free(node.start)
    lane.running.push(node)
    ofProcess.occupied(lane)
    lanes.set(node, lane)
    places.set(node, { process, lane: lane.number })
  }
  return places
}

/** A clock that ran backwards makes no span shorter than nothing. */
export function endOf({ start, end }: SpanNode): number {
  return Math.max(start, end)
}

function fitsBelow(node: SpanNode, parent: SpanNode, { running }: Lane): boolean {
  for (
    let last = running.at(-1);
    last !== undefined && last !== parent && endOf(last) <= node.start;
    last = running.at(-1)
  )
    running.pop()
  return running.at(-1) === parent && endOf(parent) >= endOf(node) && parent.start <= node.start
}

/** The lanes of a process, in a heap by when they are free: finding one takes little time though there are 100,000. */
class Lanes {
  readonly #heap: { readonly lane: Lane; readonly freeAt: number }[] = []
  #count = 0

  /** A lane on which nothing runs at a time. */
  free(time: number): Lane {
    const first = this.#heap[0]
    if (first !== undefined && first.freeAt <= time) {
      this.#pop()
      first.lane.running.length = 0
      return first.lane
    }
    this.#count++
    return { number: this.#count, running: [] }
  }

  /** What runs on a lane has changed. Where its first span is the same, it is in the heap already. */
  occupied(lane: Lane): void {
    // The first span that runs on a lane holds all others.
    const { 0: first, length } = lane.running
    if (first !== undefined && length === 1) this.#push({ lane, freeAt: endOf(first) })
  }

  #push(entry: { readonly lane: Lane; readonly freeAt: number }): void {
    const heap = this.#heap
    heap.push(entry)
    for (let at = heap.length - 1; at > 0; ) {
      const above = (at - 1) >> 1
      if (!this.#swapUnlessSorted(above, at)) break
      at = above
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const child = (heap[right]?.freeAt ?? Infinity) < (heap[left]?.freeAt ?? Infinity) ? right : left
      if (!this.#swapUnlessSorted(at, child)) break
      at = child
    }
  }

  #swapUnlessSorted(above: number, below: number): boolean {
    const [a, b] = [this.#heap[above], this.#heap[below]]
    if (a === undefined || b === undefined || a.freeAt <= b.freeAt) return false
    this.#heap[above] = b
    this.#heap[below] = a
    return true
  }
}
