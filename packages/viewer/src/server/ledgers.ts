import { LedgerCollector } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import { LEDGER_KIND, type Span } from '@trace/core/spans'

export interface Ledgers {
  readonly ledgers: readonly Span[]
  /** Why they could not be read; undefined where they were. */
  readonly problem: string | undefined
}

/** The ledgers that may say why a trace lacks spans. The store is not read where it lacks nothing. */
export async function ledgersFor(reader: TraceReader, spans: readonly Span[], signal: AbortSignal): Promise<Ledgers> {
  const collector = new LedgerCollector(spans)
  const { from } = collector
  if (from === undefined) return { ledgers: [], problem: undefined }
  // No span meets this: so a reader looks at all of them.
  const where = (span: Span): boolean => {
    collector.add(span)
    return false
  }
  try {
    await reader.traces({ kind: LEDGER_KIND, from, limit: 1, where }, { signal })
  } catch (error) {
    return { ledgers: [], problem: `why, cannot be told: ${error instanceof Error ? error.message : String(error)}` }
  }
  return { ledgers: collector.ledgers(), problem: undefined }
}
