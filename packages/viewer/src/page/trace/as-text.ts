import { printTrace } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { spanToJsonLine } from '@trace/jsonrec'

/** A span a line, as a file of `@trace/jsonrec` has it. */
export function jsonOf(spans: Iterable<Span>): string {
  return Array.from(spans, (span) => spanToJsonLine(span).trimEnd()).join('\n')
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
