import { onOneLine, TraceError } from '@trace/core/spans'

/** A search that cannot be understood. Its message shows the search, with `^` below the mistake, and says what was expected. */
export class SearchError extends TraceError {
  /** The mistake is at `text.slice(from, to)`; `from` equals `to` where something is missing. */
  readonly from: number
  readonly to: number
  /** What is wrong and what was expected, in one line. */
  readonly reason: string

  constructor(text: string, from: number, to: number, reason: string) {
    const before = onOneLine(text.slice(0, from), from)
    const mistake = onOneLine(text.slice(from, to), 200)
    const after = onOneLine(text.slice(to), 200)
    // A long search is shown from shortly before the mistake.
    const shown = before.length > 60 ? `…${before.slice(-60)}` : before
    const marks = '^'.repeat(Math.max(1, Math.min(mistake.length, 60)))
    super('TRACE_BAD_SEARCH', `${reason}\n  ${shown}${mistake}${after}\n  ${' '.repeat(shown.length)}${marks}`)
    this.from = from
    this.to = to
    this.reason = reason
  }
}
