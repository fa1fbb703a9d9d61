import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { foundNodes } from '../../src/tree/found.js'
import { rowsOf } from '../../src/tree/rows.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

test('shows the nodes that rows show with `only`, and hides as many below each', () => {
  const parents = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 40 })
  const places = fc.array(fc.nat({ max: 39 }), { maxLength: 12 })
  fc.assert(
    fc.property(parents, places, fc.option(fc.nat({ max: 39 })), (above, found, below) => {
      // Most are below one that came before; half of the time it is the last one, so that there are deep ones.
      const tree = buildTree(
        above.map((parent, at) =>
          aSpan({ spanId: BigInt(at + 1), parentId: BigInt(parent > 20 ? at : parent % (at + 1)) }),
        ),
      )
      const marks = new Uint8Array(tree.nodes.length)
      for (const place of found) if (place < marks.length) marks[place] = 2
      const root = tree.nodes[below ?? -1]
      const rows = rowsOf(root === undefined ? tree.roots : [root], {
        foldFrom: Infinity,
        only: tree.nodes.filter(({ place }) => marks[place] !== 0),
      })
      const { nodes, hiddenBelow } = foundNodes(tree, marks, root)
      expect(nodes.map((node) => [node.place, hiddenBelow(node)])).toEqual(
        rows.map(({ node, hidden }) => [node.place, hidden]),
      )
    }),
    { numRuns: runs(500) },
  )
})
