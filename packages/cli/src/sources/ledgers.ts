import type { TraceTree } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import type { Context } from '../terminal/context.js'
import { scan } from './scan.js'

/** How long before a trace a ledger may begin that tells of its time, in ns: twice what a tracer waits before it records one. */
const LEDGER_BEFORE = 120_000_000_000n

/** The ledgers of the time of a trace, where it lacks something that they may explain. */
export async function ledgersOf(
  context: Context,
  reader: TraceReader,
  { start, roots, open }: TraceTree,
): Promise<Span[]> {
  const ledgers: Span[] = []
  if (open === 0 && !roots.some(({ cutOff }) => cutOff === 'parent missing')) return ledgers
  await scan(context, reader, { from: start - LEDGER_BEFORE, ledgers: true }, (span) => ledgers.push(span))
  return ledgers
}
