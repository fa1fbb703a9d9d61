import { type SpanNode, type TraceTree, traceLines } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { spanToJsonLine } from '@trace/jsonrec'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

/** How long a button says that it has copied, in ms. */
const SAID = 1_500

/** A button that copies a text; where the browser refuses, the text is shown to be copied by hand. */
export function Copy({ label, text }: { readonly label: string; text(): string }): JSX.Element {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text())
      setState('copied')
      setTimeout(() => setState('ready'), SAID)
    } catch {
      setState('refused')
    }
  }
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {state === 'copied' ? 'Copied' : label}
      </button>
      {state === 'refused' && (
        <textarea
          readOnly
          aria-label="Copy this text"
          rows={4}
          value={text()}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      )}
    </>
  )
}

/** Copies a trace, or what is below one of its spans: as a terminal has it, as JSON, and for an issue or a chat. */
export function CopyTree({ tree, root }: { readonly tree: TraceTree; readonly root?: SpanNode }): JSX.Element {
  const spans = (): Span[] =>
    (root === undefined ? tree.nodes : tree.nodes.slice(root.place, root.place + root.size)).map(({ span }) => span)
  const text = (): string => textOf(traceLines(tree, root === undefined ? {} : { root }))
  const what = root === undefined ? 'As' : 'Subtree as'
  return (
    <>
      <Copy label={`${what} text`} text={text} />
      <Copy label={`${what} JSON`} text={() => jsonOf(spans())} />
      <Copy label={`${what} Markdown`} text={() => inBlock(text())} />
    </>
  )
}

/** Copies one span with all that is known of it. */
export function CopySpan({ tree, node }: { readonly tree: TraceTree; readonly node: SpanNode }): JSX.Element {
  const text = (): string => textOf(traceLines(tree, { root: node, only: (each) => each === node, data: 'all' }))
  return (
    <>
      <Copy label="Span as JSON" text={() => jsonOf([node.span])} />
      <Copy label="Span as Markdown" text={() => inBlock(text())} />
    </>
  )
}

/** A span a line, as a file of `@trace/jsonrec` has it. */
function jsonOf(spans: readonly Span[]): string {
  return spans.map((span) => spanToJsonLine(span).trimEnd()).join('\n')
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

/** In a block of code of Markdown, which a run of backquotes within it does not end. */
function inBlock(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${text}${fence}\n`
}
