import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { type PrintOptions, printTrace, traceLines } from '../../src/text/print.js'
import { columnsOf } from '../../src/text/styled.js'
import { buildTree } from '../../src/tree/tree.js'
import { traces } from '../support/arbitrary-spans.js'
import { fanOut } from '../support/fan-out.js'

const golden = (name: string): string => readFileSync(new URL(`golden/${name}.txt`, import.meta.url), 'utf8')

// People have read these files: whoever changes them reads them again.
describe('a trace through three services', () => {
  test.each<[string, PrintOptions]>([
    ['60', { width: 60, data: 'line' }],
    ['100', { width: 100, data: 'line' }],
    ['200', { width: 200, data: 'line' }],
    ['plain', { width: 80, stacks: false }],
    ['all-data', { width: 100, data: 'all' }],
  ])('as %s', (name, options) => expect(printTrace(fanOut(), options)).toBe(golden(name)))

  test('from one span on, only some, with a note for each', () => {
    const tree = buildTree(fanOut())
    const root = tree.nodes.find(({ span }) => span.spanId === 4n)
    if (root === undefined) throw new Error('no span 4')
    const lines = traceLines(tree, {
      root,
      stacks: false,
      only: ({ span }) => span.kind === 'db' && span.spanId < 50n,
      note: ({ spanId }) => `traces.yaml:${spanId}`,
    })
    expect(`${lines.join('\n')}\n`).toBe(golden('part'))
  })

  test('with a style is the same text, every piece in its role', () => {
    const roles = new Set<string>()
    const style: PrintOptions['style'] = (text, role) => {
      roles.add(role)
      return `\u001b[1m${text}\u001b[0m`
    }
    const styled = printTrace(fanOut(), { data: 'line', style })
    expect(styled.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '')).toBe(golden('100'))
    expect([...roles].sort()).toEqual([
      'critical',
      'duration',
      'failure',
      'frame',
      'guide',
      'heading',
      'key',
      'kind',
      'name',
      'note',
      'open',
      'running',
      'service',
      'value',
    ])
  })
})

test('whatever was recorded, each line is one, without control characters, and bars begin in one column', () => {
  const options = fc.record({
    width: fc.integer({ min: 1, max: 250 }),
    data: fc.constantFrom('none' as const, 'line' as const, 'all' as const),
    foldFrom: fc.integer({ min: 2, max: 6 }),
  })
  fc.assert(
    fc.property(traces, options, (spans, chosen) => {
      const lines = traceLines(buildTree(spans), chosen)
      for (const line of lines)
        if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(line)) throw new Error('control characters')
      const plain = traceLines(buildTree(spans), { ...chosen, data: 'none', stacks: false }).slice(1)
      const columns = plain.map((line) => columnsOf(line.slice(0, line.search(/│[ ━█░]+│ +(open|-?\d)/u))))
      expect(new Set(columns).size).toBeLessThanOrEqual(1)
    }),
    { numRuns: runs(150) },
  )
})

test('40,000 spans in one parent, and 10,000 one below the other, are shown', () => {
  const [first] = fanOut()
  if (first === undefined) throw new Error('no span')
  const below = (count: number, parentOf: (at: number) => number) =>
    Array.from({ length: count }, (_, at) => ({
      ...first,
      spanId: BigInt(at + 2),
      parentId: BigInt(parentOf(at)),
      data: {},
    }))
  expect(printTrace([first, ...below(40_000, () => 1)]).split('\n')[2]).toContain('GET /checkout/:item × 40000')
  expect(printTrace([first, ...below(10_000, (at) => at + 1)]).split('\n')).toHaveLength(10_003)
})
