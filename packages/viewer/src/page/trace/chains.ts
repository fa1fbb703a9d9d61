import { isFailed } from '../../wire/read.js'
import { Chain, Line } from './line.js'

/** From how many only children in a row on they share one line. */
const CHAIN_FROM = 5

/** Puts spans of which each is the only child of the one before on one line. What is below the last is moved to the left. */
export function withChains(lines: Line[], opened: ReadonlySet<string>): Line[] {
  const kept: Line[] = []
  // The chains that the line is below: each moves it to the left.
  const above: { readonly depth: number; readonly by: number }[] = []
  let [by, openTo] = [0, 0]
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]
    if (line === undefined) break
    for (let last = above.at(-1); last !== undefined && line.depth <= last.depth; last = above.at(-1)) {
      above.pop()
      by -= last.by
    }
    const length = at < openTo ? 0 : chainAt(lines, at)
    const { depth, canToggle, isClosed } = line
    const isChain = length >= CHAIN_FROM && !opened.has(`c${line.id}`)
    if (!isChain) openTo = Math.max(openTo, at + length)
    if (isChain) {
      kept.push(new Chain(line, depth - by, length))
      at += length - 1
      above.push({ depth: depth + length - 1, by: length - 1 })
      by += length - 1
    } else if (by === 0) kept.push(line)
    else if (line instanceof Chain) kept.push(new Chain(line, depth - by, line.length))
    else kept.push(new Line(line, depth - by, canToggle, isClosed))
  }
  return kept
}

/** How many lines from there on are only children that have one child. */
function chainAt(lines: readonly Line[], at: number): number {
  let end = at
  for (let line = lines[at]; line !== undefined && isLink(line); line = lines[++end]) {
    if (end > at && line.node.parent !== lines[end - 1]?.node) break
  }
  return end - at
}

/** What has failed or is open stands on a line of its own. */
function isLink(line: Line): boolean {
  const { node, fold, isClosed } = line
  if (node.parent?.children.length !== 1 || node.children.length !== 1) return false
  return !isClosed && fold === undefined && node.span.finish !== undefined && !isFailed(node.span)
}
