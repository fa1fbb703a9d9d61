import { buildTree, type SpanNode } from '@trace/analysis'
import { checkOptions, DATA_KEYS, describe, isFailed, onOneLine, type Span, serviceOf } from '@trace/core'

/** Options of {@link treeText} and {@link assertTree}. */
export interface TreeOptions {
  /** The keys of the data that stand on a span's line, such as `rows`. Default: none. */
  readonly data?: readonly string[]
}

/** A span as a line, and what is below it. */
export interface TreeNode {
  readonly line: string
  /** In groups: one after the other, while those of one group ran at the same time. */
  readonly groups: readonly (readonly TreeNode[])[]
}

const TREE_OPTIONS = {
  data: {
    expected: 'a list of keys',
    test: (value: unknown): boolean => Array.isArray(value) && value.every((key) => typeof key === 'string'),
  },
}

/**
 * The tree of some spans as text, for a snapshot: a line for each span, with its kind and name, and the error of one that failed,
 * indented below its parent. Ids and times are left out.
 *
 * Spans that ran one after the other are in that order. Those that ran at the same time are sorted by their text, so that it is the
 * same in every run.
 *
 * @param spans of one trace or several
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export function treeText(spans: Iterable<Span>, options: TreeOptions = {}): string {
  checkOptions('treeText', options, TREE_OPTIONS)
  return textOf(treeOf(spans, options))
}

/** Text that ends with a line break, if there is any. */
export function textOf(groups: TreeNode['groups'], indent = ''): string {
  return groups
    .flat()
    .map(({ line, groups: below }) => `${indent}${line}\n${textOf(below, `${indent}  `)}`)
    .join('')
}

/** The roots of one trace or several. */
export function treeOf(spans: Iterable<Span>, { data = [] }: TreeOptions): TreeNode['groups'] {
  const traces = new Map<bigint, Span[]>()
  const services = new Set<string>()
  for (const span of spans) {
    services.add(serviceOf(span.process))
    const trace = traces.get(span.traceId)
    if (trace === undefined) traces.set(span.traceId, [span])
    else trace.push(span)
  }
  const lineOf = (span: Span): string => lineOfSpan(span, data, services.size > 1)
  return grouped(
    [...traces.values()].flatMap((trace) => buildTree(trace).roots),
    lineOf,
  )
}

function grouped(nodes: readonly SpanNode[], lineOf: (span: Span) => string): TreeNode['groups'] {
  const groups: TreeNode[][] = []
  /** When the last one of the group finishes; undefined if one is still open. */
  let end: bigint | undefined = 0n
  for (const { span, children } of nodes.toSorted(byStart)) {
    const node = { line: lineOf(span), groups: grouped(children, lineOf) }
    const group = groups.at(-1)
    const isParallel: boolean = end === undefined || span.start < end
    if (group !== undefined && isParallel) group.push(node)
    else groups.push([node])
    end = group !== undefined && isParallel ? later(end, span.finish) : span.finish
  }
  return groups.map((group) => group.toSorted(byText))
}

function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return undefined
  return a > b ? a : b
}

function byStart({ span: a }: SpanNode, { span: b }: SpanNode): number {
  if (a.start === b.start) return 0
  return a.start < b.start ? -1 : 1
}

function byText(a: TreeNode, b: TreeNode): number {
  const [one, other] = [textOf([[a]]), textOf([[b]])]
  if (one === other) return 0
  return one < other ? -1 : 1
}

function lineOfSpan(span: Span, keys: readonly string[], hasService: boolean): string {
  const { process, kind, name, finish, data } = span
  const words = hasService ? [`[${serviceOf(process)}]`, kind, name] : [kind, name]
  const shown = keys.filter((key) => Object.hasOwn(data, key)).map((key) => `${key}: ${valueText(data[key])}`)
  if (shown.length > 0) words.push(`{ ${shown.join(', ')} }`)
  if (finish === undefined) words.push('(open)')
  if (isFailed(span)) {
    const [type, message] = [data[DATA_KEYS.errorType], data[DATA_KEYS.errorMessage] ?? '']
    words.push([type, message].map((text) => (typeof text === 'string' ? text : describe(text))).join(': '))
    words.splice(-1, 0, '✗')
  }
  return onOneLine(words.filter((word) => word !== '').join(' '), 1_000)
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return describe(value)
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
}
