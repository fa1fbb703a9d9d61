import { AssertionError } from 'node:assert'
import { checkOptions, isFailed, type OptionRule, optionRules, type Span } from '@trace/core'
import { type TreeNode, type TreeOptions, textOf, treeOf, treeText } from './text.js'

interface ExpectedNode {
  readonly line: string
  readonly pattern: RegExp
  readonly children: ExpectedNode[]
}

/**
 * Fails unless spans form the expected tree, which is written as {@link treeText} writes it: a line for each span, indented by two more
 * spaces than its parent's. Blank lines, and what all lines are indented by, do not count. A `*` stands for any text within a line.
 * Spans that ran at the same time may be in any order.
 *
 * @throws {AssertionError} says what the tree is, and what was expected
 * @throws {TypeError} if the expected text has a line whose indentation makes no sense
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export function assertTree(spans: Iterable<Span>, expected: string, options: TreeOptions = {}): void {
  const all = [...spans]
  const actual = treeText(all, options)
  const roots = parse(expected)
  if (matches(treeOf(all, options), roots)) return
  throw new AssertionError({ actual, expected: expectedText(roots), operator: 'strictEqual', stackStartFn: assertTree })
}

function parse(text: string): ExpectedNode[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const margin = Math.min(...lines.map(indentOf))
  const top: ExpectedNode[] = []
  /** The children of the last line of each level above, and of the level itself. */
  const levels = [top]
  for (const line of lines) {
    const level = (indentOf(line) - margin) / 2
    const siblings = levels[level]
    if (siblings === undefined) {
      throw new TypeError(
        `assertTree: expected 2 spaces more than in the line of its parent, got ${JSON.stringify(line)}`,
      )
    }
    const node = { line: line.trim(), pattern: patternOf(line.trim()), children: [] }
    siblings.push(node)
    levels.length = level + 1
    levels.push(node.children)
  }
  return top
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function patternOf(line: string): RegExp {
  const parts = line.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 'u')
}

function expectedText(nodes: readonly ExpectedNode[], indent = ''): string {
  return nodes.map(({ line, children }) => `${indent}${line}\n${expectedText(children, `${indent}  `)}`).join('')
}

function matches(groups: TreeNode['groups'], expected: readonly ExpectedNode[]): boolean {
  if (groups.flat().length !== expected.length) return false
  let at = 0
  return groups.every((group) => {
    at += group.length
    return matchesInAnyOrder(group, expected.slice(at - group.length, at))
  })
}

/** Finds an expected node for each by augmenting paths: the first that fits may be needed by another, because of a `*`. */
function matchesInAnyOrder(group: readonly TreeNode[], expected: readonly ExpectedNode[]): boolean {
  const fits = group.map(({ line, groups }) =>
    expected.map((node) => node.pattern.test(line) && matches(groups, node.children)),
  )
  const taken = new Map<number, number>()
  const place = (one: number, tried: Set<number>): boolean =>
    expected.some((_node, other) => {
      if (fits[one]?.[other] !== true || tried.has(other)) return false
      tried.add(other)
      const holder = taken.get(other)
      if (holder !== undefined && !place(holder, tried)) return false
      taken.set(other, one)
      return true
    })
  return group.every((_node, one) => place(one, new Set()))
}

/** Which spans are counted: those that meet all conditions that are given. */
export interface SpanFilter {
  readonly kind?: string | RegExp
  readonly name?: string | RegExp
  /** `true`: only failed spans. `false`: only others. */
  readonly failed?: boolean
}

/** How many spans there must be. */
export type SpanCount = number | { readonly atLeast?: number; readonly atMost?: number }

const text: OptionRule = {
  expected: 'a string or a regular expression',
  test: (value) => typeof value === 'string' || value instanceof RegExp,
}
const whole: OptionRule = {
  expected: 'a whole number',
  test: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
}

/**
 * Fails unless there are so many spans of a sort: `assertCount(spans, { kind: 'db' }, { atMost: 3 })`.
 *
 * @throws {AssertionError} says how many there are, and shows the tree
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown condition, or one of the wrong type
 */
export function assertCount(spans: Iterable<Span>, filter: SpanFilter, count: SpanCount): void {
  checkOptions('assertCount', filter, { kind: text, name: text, failed: optionRules.boolean })
  const range = typeof count === 'number' ? { atLeast: count, atMost: count } : count
  checkOptions('assertCount', range, { atLeast: whole, atMost: whole })
  const all = [...spans]
  const found = all.filter((span) => isOf(span, filter)).length
  const { atLeast = 0, atMost = Infinity } = range
  if (found >= atLeast && found <= atMost) return
  const message = `expected ${rangeText(atLeast, atMost)} spans of ${filterText(filter)}, got ${found} in\n${textOf(treeOf(all, {}), '  ')}`
  throw new AssertionError({ message, actual: found, expected: count, stackStartFn: assertCount })
}

function isOf(span: Span, { kind, name, failed }: SpanFilter): boolean {
  const isText = (wanted: string | RegExp | undefined, got: string): boolean =>
    wanted === undefined || (typeof wanted === 'string' ? wanted === got : got.search(wanted) >= 0)
  return isText(kind, span.kind) && isText(name, span.name) && (failed === undefined || failed === isFailed(span))
}

function rangeText(atLeast: number, atMost: number): string {
  if (atLeast === atMost) return String(atLeast)
  if (atMost === Infinity) return `at least ${atLeast}`
  return atLeast === 0 ? `at most ${atMost}` : `${atLeast} to ${atMost}`
}

function filterText(filter: SpanFilter): string {
  const conditions = Object.entries(filter).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? JSON.stringify(value) : value}`,
  )
  return conditions.length === 0 ? 'any sort' : conditions.join(', ')
}
