import type { SpanNode, TraceTree } from './node.js'

/** What is shown of a tree where only some of its nodes are looked for. */
export interface FoundNodes {
  /** Those that were found and those above them, in reading order. */
  readonly nodes: SpanNode[]
  /** How many spans below one of them are not shown, and are below no other that is. */
  hiddenBelow(node: SpanNode): number
}

/**
 * Some nodes of a tree and those above them: what {@link rowsOf} shows with `only`, without a row of each, of which there may be hundreds of
 * thousands.
 *
 * @param marks by the places of nodes: not 0 for those that were found. It is changed.
 * @param root what is below it only; undefined for all
 */
export function foundNodes({ nodes }: TraceTree, marks: Uint8Array, root?: SpanNode): FoundNodes {
  const { place: from, size } = root ?? { place: 0, size: nodes.length }
  const to = from + size
  for (let place = to - 1; place >= from; place--) {
    const parent = marks[place] === 0 ? undefined : nodes[place]?.parent
    if (parent !== undefined) marks[parent.place] = 1
  }
  const shown: SpanNode[] = []
  for (let place = from; place < to; place++) {
    const node = marks[place] === 0 ? undefined : nodes[place]
    if (node !== undefined) shown.push(node)
  }
  return {
    nodes: shown,
    hiddenBelow: ({ size, children }) => {
      let hidden = size - 1
      for (const child of children) if (marks[child.place] !== 0) hidden -= child.size
      return hidden
    },
  }
}
