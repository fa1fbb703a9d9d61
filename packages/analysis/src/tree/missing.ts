import { DATA_KEYS, eachOnce, LEDGER_KIND, type Span } from '@trace/core/spans'
import type { SpanNode, TraceTree } from './node.js'

/** Spans that a process lost while a trace ran, as its ledger says. */
export interface Loss {
  readonly process: string
  /** When, in nanoseconds since the Unix epoch. */
  readonly start: bigint
  readonly finish: bigint
  /** How many, of all traces. */
  readonly lost: number
  /** How many of them for each reason: `queue_full`, `closed`, `failed`. */
  readonly reasons: Readonly<Record<string, number>>
}

/** A span whose parent is not among the spans that are stored. */
export interface MissingParent {
  readonly node: SpanNode
  /**
   * Why: the caller said that it is another system (or a service that records elsewhere); a process lost spans just then; or it is not known.
   * Then its spans are in another file, or it did not record.
   */
  readonly reason: 'another system' | 'lost' | 'not known'
  /** What its process lost then, or else other processes of the trace, or any. */
  readonly losses: readonly Loss[]
}

/** A span that is stored as open only. */
export interface OpenSpan {
  readonly node: SpanNode
  /** The latest time that its process is known to have run, in nanoseconds since the Unix epoch. Where that is long ago, it has ended. */
  readonly lastSeen: bigint
}

/** What a trace lacks, and why. */
export interface Missing {
  readonly parents: readonly MissingParent[]
  /** What processes of the trace lost while it ran: there may be spans of this trace among them. */
  readonly losses: readonly Loss[]
  readonly open: readonly OpenSpan[]
  /** How many spans are certainly missing: parents, each once, but for those of other systems. */
  readonly lost: number
}

/** A ledger may say later what was lost, but its span begins before. How long after a trace losses still count, in ns. */
const MARGIN = 5_000_000_000n

/**
 * Says what a trace lacks, and why, as far as its spans and the ledgers of their processes tell.
 *
 * @param ledgers ledger spans, or any spans with them among them. Default: none are known
 */
export function missingOf(tree: TraceTree, ledgers: Iterable<Span> = []): Missing {
  const known = ledgersOf(ledgers)
  const end = tree.start + BigInt(Math.round(tree.duration)) + MARGIN
  const losses = known.flatMap(lossOf).filter(({ start, finish }) => start <= end && finish >= tree.start)
  const processes = new Set(tree.nodes.map(({ span }) => span.process))
  const ownLosses = losses.filter(({ process }) => processes.has(process))
  const parents = tree.roots
    .filter(({ cutOff }) => cutOff === 'parent missing')
    .map((node): MissingParent => {
      if (node.span.data[DATA_KEYS.remoteParent] === true) return { node, reason: 'another system', losses: [] }
      const ofProcess = ownLosses.filter(({ process }) => process === node.span.process)
      const likely = ofProcess.length > 0 ? ofProcess : ownLosses.length > 0 ? ownLosses : losses
      return { node, reason: likely.length > 0 ? 'lost' : 'not known', losses: likely }
    })
  const certain = parents.filter(({ reason }) => reason !== 'another system').map(({ node }) => node.span.parentId)
  const open = tree.open === 0 ? [] : tree.nodes.filter(({ span }) => span.finish === undefined)
  const lastSeen = open.length === 0 ? undefined : lastSeenOf(tree, known)
  return {
    parents,
    losses: ownLosses,
    open: open.map((node) => ({ node, lastSeen: lastSeen?.get(node.span.process) ?? node.span.start })),
    lost: new Set(certain).size,
  }
}

/** Of several records of a ledger span, the last counts. */
function ledgersOf(spans: Iterable<Span>): Span[] {
  return eachOnce(Array.from(spans).filter(({ kind }) => kind === LEDGER_KIND))
}

function lossOf({ process, start, finish, data }: Span): Loss[] {
  const reasons: Record<string, number> = {}
  let lost = 0
  for (const [key, count] of Object.entries(data)) {
    const reason = key === 'failed' ? key : /^dropped\.([a-z_]{1,40})$/.exec(key)?.[1]
    if (reason === undefined || typeof count !== 'number' || !(count > 0)) continue
    reasons[reason] = count
    lost += count
  }
  return lost === 0 ? [] : [{ process, start, finish: finish ?? start, lost, reasons }]
}

function lastSeenOf(tree: TraceTree, ledgers: readonly Span[]): ReadonlyMap<string, bigint> {
  const lastSeen = new Map<string, bigint>()
  for (const { process, start, finish = start } of [...tree.nodes.map(({ span }) => span), ...ledgers]) {
    const known = lastSeen.get(process)
    if (known === undefined || finish > known) lastSeen.set(process, finish)
  }
  return lastSeen
}
