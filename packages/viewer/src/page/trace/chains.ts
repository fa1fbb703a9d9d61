import type { SpanNode } from '@trace/analysis'
import { isFailed } from '../../wire/read.js'
import { Line } from './line.js'
import { depthOf, type Kept, lineOf } from './line-list.js'

/** From how many only children in a row on they share one line. */
const CHAIN_FROM = 5

/**
 * Puts spans of which each is the only child of the one before on one line. What is below the last is moved to the left.
 *
 * @param top how deep the root is that is shown
 */
export function withChains(lines: Kept[], opened: ReadonlySet<string>, top: number): Kept[] {
  const kept: Kept[] = []
  // The chains that the line is below: each moves it to the left.
  const above: { readonly depth: number; readonly by: number }[] = []
  let [by, openTo] = [0, 0]
  for (let at = 0; at < lines.length; at++) {
    const each = lines[at]
    if (each === undefined) break
    const depth = depthOf(each, top)
    for (let last = above.at(-1); last !== undefined && depth <= last.depth; last = above.at(-1)) {
      above.pop()
      by -= last.by
    }
    const length = at < openTo ? 0 : chainAt(lines, at)
    const isChain = length >= CHAIN_FROM && !opened.has(`c${lineOf(each, top).id}`)
    if (!isChain) openTo = Math.max(openTo, at + length)
    if (isChain) {
      kept.push(new Line({ ...lineOf(each, top), depth: depth - by, canToggle: true, isClosed: true, chain: length }))
      at += length - 1
      above.push({ depth: depth + length - 1, by: length - 1 })
      by += length - 1
    } else kept.push(by === 0 ? each : new Line({ ...lineOf(each, top), depth: depth - by }))
  }
  return kept
}

/** How many lines from there on are only children that have one child. */
function chainAt(lines: readonly Kept[], at: number): number {
  let end = at
  let before: SpanNode | undefined
  for (let link = linkOf(lines[at]); link !== undefined; link = linkOf(lines[++end])) {
    if (before !== undefined && link.parent !== before) break
    before = link
  }
  return end - at
}

/** What has failed or is open stands on a line of its own. */
function linkOf(each: Kept | undefined): SpanNode | undefined {
  if (each instanceof Line && (each.isClosed || each.fold !== undefined)) return undefined
  const node = each instanceof Line ? each.node : each
  if (node?.parent?.children.length !== 1 || node.children.length !== 1) return undefined
  return node.span.finish !== undefined && !isFailed(node.span) ? node : undefined
}
