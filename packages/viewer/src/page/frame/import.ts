import type { Span } from '@trace/core/spans'

/** Placeholder until formats land. */
export function importSpans(_text: string): Span[] {
  throw new Error('not yet')
}
