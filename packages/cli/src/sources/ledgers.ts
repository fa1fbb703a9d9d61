import { LedgerCollector } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import type { Context } from '../terminal/context.js'
import { scan } from './scan.js'

/** The ledgers that may say why a trace lacks spans. The store is not read where it lacks nothing. */
export async function ledgersOf(context: Context, reader: TraceReader, spans: readonly Span[]): Promise<Span[]> {
  const collector = new LedgerCollector(spans)
  const { from } = collector
  if (from !== undefined) await scan(context, reader, { from, ledgers: true }, (span) => collector.add(span))
  return collector.ledgers()
}
