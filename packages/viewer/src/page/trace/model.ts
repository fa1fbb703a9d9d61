import {
  buildTree,
  type ClockSkew,
  clockSkews,
  type KnownValues,
  type Missing,
  type MissingParent,
  missingOf,
  parseSearch,
  SearchError,
  type SpanNode,
  type TraceTree,
  withoutSkew,
} from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { isFailed, moved } from '../../wire/read.js'
import { MAYBE, NO, type Sieve, SURE, sieveOf } from '../../wire/sieve.js'
import { tableOf } from '../../wire/table.js'
import type { Verdicts } from '../../wire/verdicts.js'
import { Problem } from '../frame/api.js'

export interface Count {
  readonly name: string
  readonly count: number
}

/** A trace, and what the page needs to find in it. */
export interface TraceModel {
  readonly tree: TraceTree
  /** In reading order. */
  readonly spans: readonly Span[]
  /** What makes searches fast; undefined where the spans came in another way than by columns. */
  readonly sieve: () => Sieve | undefined
  /** Finds a span by its id, in decimal. */
  readonly find: (id: string) => SpanNode | undefined
  readonly missing: Missing
  /** Why the parent of a span is missing. */
  readonly lackOf: ReadonlyMap<SpanNode, MissingParent>
  /** Hosts whose clocks differ. */
  readonly skews: readonly ClockSkew[]
  /** Whether times are as by one clock. */
  readonly isCorrected: boolean
  /** The most frequent first. */
  readonly services: readonly Count[]
  readonly kinds: readonly Count[]
  /** How many levels there are. */
  readonly levels: number
  /** What a search can be completed to. */
  readonly known: KnownValues
}

export interface ModelParts {
  readonly spans: readonly Span[]
  /** What processes say of their own spans: why some are missing. */
  readonly ledgers: readonly Span[]
  /** Whether times are shown as by one clock, where clocks differ. */
  readonly isCorrected: boolean
}

export function modelOf({ spans, ledgers, isCorrected }: ModelParts): TraceModel {
  const table = tableOf(spans)
  const recorded = buildTree(spans, table === undefined ? { isFailed } : { isFailed, table })
  const skews = clockSkews(recorded)
  const tree = isCorrected && skews.length > 0 ? buildTree(withoutSkew(spans, skews, moved), { isFailed }) : recorded
  const missing = missingOf(tree, ledgers)
  const inOrder = tree.nodes.map(({ span }) => span)
  let sieve: { readonly of: Sieve | undefined } | undefined
  return {
    tree,
    spans: inOrder,
    sieve: () => {
      sieve ??= { of: sieveOf(inOrder) }
      return sieve.of
    },
    find: finderOf(tree),
    missing,
    lackOf: new Map(missing.parents.map((each) => [each.node, each])),
    skews,
    isCorrected,
    ...countsOf(tree),
  }
}

/** Names to suggest; a trace may have as many as it has spans. */
const MOST_NAMES = 1_000
/** So many spans are looked at for keys to suggest. */
const MOST_KEYED = 1_000

function countsOf({ nodes }: TraceTree): Pick<TraceModel, 'services' | 'kinds' | 'known' | 'levels'> {
  const [services, kinds] = [new Map<string, number>(), new Map<string, number>()]
  const [names, keys] = [new Set<string>(), new Set<string>()]
  let [keyed, levels] = [0, 0]
  for (const { span, service, depth } of nodes) {
    levels = Math.max(levels, depth + 1)
    services.set(service, (services.get(service) ?? 0) + 1)
    kinds.set(span.kind, (kinds.get(span.kind) ?? 0) + 1)
    if (names.size < MOST_NAMES) names.add(span.name)
    if (keys.size < MOST_NAMES && keyed++ < MOST_KEYED) for (const key of Object.keys(span.data)) keys.add(key)
  }
  return {
    services: inOrder(services),
    kinds: inOrder(kinds),
    levels,
    known: { services: [...services.keys()], kinds: [...kinds.keys()], names: [...names], keys: [...keys] },
  }
}

function inOrder(of: ReadonlyMap<string, number>): Count[] {
  return [...of].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

/** Few spans are ever looked for, and a map of all would take long to make. */
function finderOf({ nodes }: TraceTree): (id: string) => SpanNode | undefined {
  const found = new Map<string, SpanNode | undefined>()
  return (id) => {
    if (!found.has(id)) {
      const wanted = /^\d{1,20}$/.test(id) ? BigInt(id) : undefined
      found.set(
        id,
        nodes.find(({ span }) => span.spanId === wanted),
      )
    }
    return found.get(id)
  }
}

/** What a search finds. */
export class Lens {
  /** On each of the nodes. */
  readonly verdicts: Verdicts

  /** @param verdicts on each of the nodes: those where it says so are asked */
  constructor(nodes: readonly SpanNode[], verdicts: Verdicts, matches: (span: Span) => boolean) {
    this.verdicts = verdicts
    for (let at = verdicts.indexOf(MAYBE); at >= 0; at = verdicts.indexOf(MAYBE, at + 1)) {
      const node = nodes[at]
      verdicts[at] = node !== undefined && matches(node.span) ? SURE : NO
    }
  }
}

/** @returns undefined where nothing is searched for */
export function lensOf({ tree: { nodes }, sieve }: TraceModel, q: string): Lens | Problem | undefined {
  try {
    const { terms, matches } = parseSearch(q)
    if (terms.length === 0) return undefined
    return new Lens(nodes, sieve()?.verdicts(q) ?? new Uint8Array(nodes.length).fill(MAYBE), matches)
  } catch (error) {
    if (error instanceof SearchError) return new Problem(error.message, error.from)
    throw error
  }
}
