import { printTrace } from '@trace/analysis'
import type { Span } from '@trace/core/spans'

/** A span a line, with ids and times as decimal strings: numbers of JSON do not hold them. */
export function jsonOf(spans: Iterable<Span>): string {
  return Array.from(spans, (span) => {
    const { traceId, spanId, parentId, process, kind, name, start, finish, data } = span
    return JSON.stringify(
      { traceId, spanId, parentId, process, kind, name, start, finish, data },
      (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    )
  }).join('\n')
}

/** The tree as a terminal has it. */
export function textOfTrace(spans: Iterable<Span>): string {
  return printTrace(spans, { width: 100 })
}

/** For an issue or a chat: the tree in a block of code. A run of backquotes within it does not end it. */
export function markdownOf(spans: Iterable<Span>): string {
  const text = textOfTrace(spans)
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${text}${fence}\n`
}
