import type { SpanNode } from '@trace/analysis'
import { Line } from './line.js'

/** A line as it is kept: there may be hundreds of thousands, and most show their span alone and have an object once they are seen. */
export type Kept = Line | SpanNode

/** Tells of the span of a line, and of how many it hides that have failed. */
export type LineTest = (node: SpanNode, failedBelow: number) => boolean

/** How many lines are above one in the tree. @param top how deep the root is that is shown */
export function depthOf(kept: Kept, top: number): number {
  return kept instanceof Line ? kept.depth : kept.depth - top
}

/** @param top the same */
export function lineOf(kept: Kept, top: number): Line {
  if (kept instanceof Line) return kept
  return new Line({ node: kept, depth: kept.depth - top, canToggle: kept.children.length > 0 })
}

/** The lines that can be scrolled to. */
export class LineList {
  readonly kept: Kept[]
  readonly #top: number
  readonly #hiddenBelow: ((node: SpanNode) => number) | undefined

  /**
   * @param top how deep the root is that is shown
   * @param hiddenBelow how many spans below one have no line, where none can be opened or closed
   */
  constructor(kept: Kept[], top: number, hiddenBelow?: (node: SpanNode) => number) {
    this.kept = kept
    this.#top = top
    this.#hiddenBelow = hiddenBelow
  }

  get length(): number {
    return this.kept.length
  }

  at(place: number): Line | undefined {
    const each = this.kept[place]
    if (each === undefined || each instanceof Line) return each
    const line = lineOf(each, this.#top)
    const hidden = this.#hiddenBelow?.(each)
    const own = hidden === undefined ? line : new Line({ ...line, hidden, canToggle: false })
    this.kept[place] = own
    return own
  }

  /** Those from a place on, and before another one. */
  between(from: number, to: number): Line[] {
    return this.kept.slice(from, to).flatMap((_, at) => this.at(from + at) ?? [])
  }

  /** How many lines a line has above it in the tree; -1 where there is no line. */
  #depthAt(place: number): number {
    const each = this.kept[place]
    return each === undefined ? -1 : depthOf(each, this.#top)
  }

  /** The place of the line that a line is below in the tree; -1 for none. */
  above(place: number): number {
    let at = place - 1
    while (at >= 0 && this.#depthAt(at) >= this.#depthAt(place)) at--
    return at
  }

  /** The place after the last of the lines that are below one in the tree. */
  endOf(place: number): number {
    let end = place + 1
    while (this.#depthAt(end) > this.#depthAt(place)) end++
    return end
  }

  /** The place of the next line of some sort, from a place on; -1 where there is none. */
  next(from: number, by: 1 | -1, among: LineTest): number {
    for (let at = from; ; at += by) {
      const each = this.kept[at]
      if (each === undefined) return -1
      if (each instanceof Line ? among(each.node, each.failedBelow) : among(each, 0)) return at
    }
  }

  /** How many lines are of some sort. @param to before this place */
  count(to: number, among: LineTest): number {
    let count = 0
    for (let at = this.next(0, 1, among); at >= 0 && at < to; at = this.next(at + 1, 1, among)) count++
    return count
  }

  /** The place of a line by its span and id; -1 where it is not there. */
  placeOf(node: SpanNode | undefined, id: string): number {
    const isIt: LineTest = (each) => each === node
    let at = this.next(0, 1, isIt)
    while (at >= 0 && this.at(at)?.id !== id) at = this.next(at + 1, 1, isIt)
    return at
  }
}
