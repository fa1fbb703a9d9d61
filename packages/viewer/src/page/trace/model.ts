import { buildTree, type KnownValues, parseSearch, SearchError, type SpanNode, type TraceTree } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { Problem } from '../api.js'

export interface Count {
  readonly name: string
  readonly count: number
}

/** A trace, and what the page needs to find in it. */
export interface TraceModel {
  readonly tree: TraceTree
  readonly spans: readonly Span[]
  /** By span id, in decimal. */
  readonly nodes: ReadonlyMap<string, SpanNode>
  /** The most frequent first. */
  readonly services: readonly Count[]
  readonly kinds: readonly Count[]
  /** What a search can be completed to. */
  readonly known: KnownValues
}

/** Names to suggest; a trace may have as many as it has spans. */
const MOST_NAMES = 1_000
/** So many spans are looked at for keys to suggest. */
const MOST_KEYED = 5_000

export function modelOf(spans: readonly Span[]): TraceModel {
  const tree = buildTree(spans)
  const nodes = new Map<string, SpanNode>()
  const [services, kinds] = [new Map<string, number>(), new Map<string, number>()]
  const [names, keys] = [new Set<string>(), new Set<string>()]
  let keyed = 0
  for (const node of tree.nodes) {
    const { span, service } = node
    nodes.set(String(span.spanId), node)
    services.set(service, (services.get(service) ?? 0) + 1)
    kinds.set(span.kind, (kinds.get(span.kind) ?? 0) + 1)
    if (names.size < MOST_NAMES) names.add(span.name)
    if (keys.size < MOST_NAMES && keyed++ < MOST_KEYED) for (const key of Object.keys(span.data)) keys.add(key)
  }
  return {
    tree,
    spans: tree.nodes.map(({ span }) => span),
    nodes,
    services: counts(services),
    kinds: counts(kinds),
    known: { services: [...services.keys()], kinds: [...kinds.keys()], names: [...names], keys: [...keys] },
  }
}

function counts(of: ReadonlyMap<string, number>): Count[] {
  return [...of].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

/** What a search finds; undefined where nothing is searched for. */
export function lensOf({ tree }: TraceModel, q: string): ReadonlySet<SpanNode> | Problem | undefined {
  try {
    const { terms, matches } = parseSearch(q)
    return terms.length === 0 ? undefined : new Set(tree.nodes.filter(({ span }) => matches(span)))
  } catch (error) {
    if (error instanceof SearchError) return new Problem(error.message, error.from)
    throw error
  }
}
