import { foundNodes, type Row, type RowOptions, rowsOf, type SpanNode } from '@trace/analysis'
import { SURE } from '../../wire/verdicts.js'
import { withChains } from './chains.js'
import { Line } from './line.js'
import { type Kept, LineList } from './line-list.js'
import type { Lens, TraceModel } from './model.js'

/** What the reader has chosen to see. */
export interface Choice {
  /** The ids of the lines that the reader has closed, and of those that the reader has opened. */
  readonly closed: ReadonlySet<string>
  readonly opened: ReadonlySet<string>
  /** Spans at this depth are closed unless they were opened. */
  readonly level: number
  /** Spans of these kinds are closed unless they were opened. */
  readonly kinds: ReadonlySet<string>
  readonly folds: boolean
  /** The span that is shown as the root; undefined for all. */
  readonly root: SpanNode | undefined
  /** Whether a span is left out, unless what is below it is seen; undefined where none is. */
  readonly isHidden: ((node: SpanNode) => boolean) | undefined
  /** The same text for choices that differ in what is closed and opened only. */
  readonly frame: string
}

/** The place of a line by its id; -1 where it is not seen. */
export function placeOfLine(lines: LineList, { find }: TraceModel, id = ''): number {
  const node = find(id.replace(/^[fc]/, ''))
  return node === undefined ? -1 : lines.placeOf(node, id)
}

/** The lines of what a search has found and is not hidden, and of what is above it, whatever is closed. */
export function lensLines({ tree }: TraceModel, choice: Choice, { verdicts }: Lens): LineList {
  const marks = verdicts.slice()
  const { only } = optionsOf(choice)
  for (let at = only === undefined ? -1 : marks.indexOf(SURE); at >= 0; at = marks.indexOf(SURE, at + 1)) {
    const node = tree.nodes[at]
    if (node !== undefined && only?.(node) === false) marks[at] = 0
  }
  const { nodes, hiddenBelow } = foundNodes(tree, marks, choice.root)
  return new LineList(nodes, topOf(choice), hiddenBelow)
}

/** The lines that are seen, as choices change: what is opened or closed alone costs what is below it, and not the whole trace. */
export class Lines {
  readonly #model: TraceModel
  #choice: Choice | undefined
  #lines = new LineList([], 0)
  /** What the reader has closed, as it was: by the id of its first line. */
  readonly #kept = new Map<string, readonly Kept[]>()

  constructor(model: TraceModel) {
    this.#model = model
  }

  linesFor(choice: Choice): LineList {
    const before = this.#choice
    this.#choice = choice
    const changed = before?.frame === choice.frame ? changedIds(before, choice) : undefined
    const [id] = changed ?? []
    if (changed?.length !== 0) {
      const lines = changed?.length === 1 && id !== undefined ? this.#toggled(id, choice) : undefined
      if (lines === undefined) this.#kept.clear()
      const { tree } = this.#model
      const roots = choice.root === undefined ? tree.roots : [choice.root]
      this.#lines = new LineList(lines ?? linesBelow(roots, choice, optionsOf(choice), 0), topOf(choice))
    }
    return this.#lines
  }

  /** @returns undefined where the line is not seen */
  #toggled(id: string, choice: Choice): Kept[] | undefined {
    const lines = this.#lines
    const at = placeOfLine(lines, this.#model, id)
    const line = lines.at(at)
    if (line === undefined) return undefined
    const end = lines.endOf(at)
    const kept = this.#kept.get(id)
    this.#kept.delete(id)
    if (!line.isClosed) this.#kept.set(id, lines.kept.slice(at, end))
    const own = line.isClosed && kept !== undefined ? kept : linesOfOne(line, choice)
    return lines.kept.slice(0, at).concat(own, lines.kept.slice(end))
  }
}

/** How many spans the choice leaves out, with nothing below them that is seen. */
export function hiddenBy({ isHidden }: Choice, { tree: { nodes } }: TraceModel): number {
  if (isHidden === undefined) return 0
  const seen = new Set<SpanNode>()
  let hidden = 0
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at]
    if (node === undefined) continue
    if (!seen.has(node) && isHidden(node) && node.failed === 0) hidden++
    else if (node.parent !== undefined) seen.add(node.parent)
  }
  return hidden
}

/** The ids that one choice has closed or opened and another not. */
function changedIds(before: Choice, after: Choice): string[] {
  const pairs: readonly (readonly [ReadonlySet<string>, ReadonlySet<string>])[] = [
    [before.closed, after.closed],
    [after.closed, before.closed],
    [before.opened, after.opened],
    [after.opened, before.opened],
  ]
  return [...new Set(pairs.flatMap(([some, others]) => [...some].filter((id) => !others.has(id))))]
}

/** A line and what is seen below it. */
function linesOfOne(line: Line, choice: Choice): Kept[] {
  const options = optionsOf(choice)
  const { fold, depth, node } = line
  if (fold === undefined) return linesBelow([node], choice, options, depth)
  return foldLines(line, depth, choice, options)
}

function optionsOf(choice: Choice): RowOptions & { readonly only?: (node: SpanNode) => boolean } {
  const { isHidden, folds } = choice
  return {
    foldFrom: folds ? 5 : Infinity,
    ...(closesNone(choice) ? {} : { collapsed: (node) => isClosed(node, choice) }),
    ...(isHidden === undefined ? {} : { only: (node: SpanNode) => !isHidden(node) || node.failed > 0 }),
  }
}

function closesNone({ level, kinds, closed }: Choice): boolean {
  return level === Infinity && kinds.size === 0 && closed.size === 0
}

function isClosed(node: SpanNode, { root, level, kinds, closed, opened }: Choice): boolean {
  if (node.children.length === 0) return false
  // Ids as text take long to make: most traces have nothing closed.
  if (closed.size > 0 && closed.has(String(node.span.spanId))) return true
  const isByItself = node.depth - (root?.depth ?? 0) >= level || kinds.has(node.span.kind)
  return isByItself && !opened.has(String(node.span.spanId))
}

/** @param above how many lines are above the first ones in the tree */
function linesBelow(nodes: readonly SpanNode[], choice: Choice, options: RowOptions, above: number): Kept[] {
  const lines: Kept[] = []
  const allOpen = closesNone(choice)
  const top = topOf(choice)
  for (const row of rowsOf(nodes, options)) {
    const { node, hidden } = row
    const depth = row.depth + above
    if (row.fold !== undefined) for (const line of foldLines(row, depth, choice, options)) lines.push(line)
    else if (hidden === 0 && depth === node.depth - top) lines.push(node)
    else {
      const canToggle = node.children.length > 0
      lines.push(
        new Line({ node, hidden, depth, canToggle, isClosed: canToggle && !allOpen && isClosed(node, choice) }),
      )
    }
  }
  return choice.folds ? withChains(lines, choice.opened, top) : lines
}

/** How deep the root is that is shown. */
function topOf({ root }: Choice): number {
  return root?.depth ?? 0
}

function foldLines(row: Row | Line, depth: number, choice: Choice, options: RowOptions): Kept[] {
  const { node, fold, hidden } = row
  const isClosed = !choice.opened.has(`f${node.span.spanId}`)
  const line = new Line({ node, fold, hidden, depth, canToggle: true, isClosed })
  if (isClosed) return [line]
  return [line, ...linesBelow(fold?.nodes ?? [], choice, { ...options, foldFrom: Infinity }, depth + 1)]
}
