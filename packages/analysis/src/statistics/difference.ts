import { isFailed, type Span } from '@trace/core/spans'
import type { SpanNode } from '../tree/node.js'
import { buildTree, type TreeOptions } from '../tree/tree.js'
import { Histogram } from './histogram.js'

/** A step of a path: what spans at one place of their traces' trees have in common. */
export interface PathStep {
  readonly service: string
  readonly kind: string
  readonly name: string
}

/** What is known of the spans at one place. Durations are in ns; percentiles are within 1%. */
export interface PathFigures {
  readonly count: number
  readonly failed: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly total: number
}

/** How spans at one place differ between two sets of traces. */
export interface PathDifference {
  /** From a root to the spans themselves. */
  readonly path: readonly PathStep[]
  /** In which of the sets there are such spans. */
  readonly state: 'new' | 'gone' | 'both'
  /** Undefined in a set that has none. */
  readonly before: PathFigures | undefined
  readonly after: PathFigures | undefined
  /** By what share the median changed: 0.5 where it grew by a half; undefined where there is none to compare. */
  readonly p50Change: number | undefined
  /**
   * How likely durations differ as much by chance: the p-value of a two-sided Mann-Whitney test, adjusted for the number of paths by the
   * procedure of Benjamini and Hochberg; 1 where there is nothing to compare. With fewer than 4 spans on a side it is never small.
   */
  readonly pValue: number
  /** Whether the difference of durations is no more than noise: `pValue` is 0.05 or more. */
  readonly isNoise: boolean
}

/** Two sets of traces, compared. */
export interface Difference {
  /** How many traces there are in each. */
  readonly tracesBefore: number
  readonly tracesAfter: number
  /** Those whose total time changed most come first. */
  readonly paths: readonly PathDifference[]
  /** How many spans are not compared, since they are deeper than 64 levels, or their set has more than 20,000 different paths. */
  readonly leftOut: number
}

interface Place {
  readonly depth: number
  readonly step: PathStep
  readonly parent: Place | undefined
  readonly below: Map<string, Place>
  readonly durations: Histogram
  failed: number
  open: number
}

const MOST_PLACES = 20_000
/** Deeper spans are left out: the paths of a deep recursion would take memory by the square of its depth. */
const MOST_LEVELS = 64
const NOISE = 0.05

/** Counts the spans of traces by their place: the services, kinds and names on the path to them. Its memory is bounded. */
export class PathStatistics {
  readonly #roots = new Map<string, Place>()
  #places = 0
  #traces = 0
  #leftOut = 0

  /** @param spans all spans of one trace */
  addTrace(spans: Iterable<Span>, options: TreeOptions = {}): void {
    const { nodes } = buildTree(spans, options)
    const { isFailed: failed = isFailed } = options
    if (nodes.length === 0) return
    this.#traces++
    const places = new Map<SpanNode, Place>()
    for (const node of nodes) {
      const parent = node.parent === undefined ? undefined : places.get(node.parent)
      const place = node.parent !== undefined && parent === undefined ? undefined : this.#placeOf(node, parent)
      if (place === undefined) {
        this.#leftOut++
        continue
      }
      places.set(node, place)
      if (node.span.finish === undefined) place.open++
      else place.durations.add(node.duration)
      if (failed(node.span)) place.failed++
    }
  }

  #placeOf({ service, span }: SpanNode, parent: Place | undefined): Place | undefined {
    const siblings = parent?.below ?? this.#roots
    const key = keyOf({ service, kind: span.kind, name: span.name })
    const known = siblings.get(key)
    const depth = (parent?.depth ?? 0) + 1
    if (known !== undefined || this.#places >= MOST_PLACES || depth > MOST_LEVELS) return known
    this.#places++
    const step = { service, kind: span.kind, name: span.name }
    const place = { depth, step, parent, below: new Map(), durations: new Histogram(), failed: 0, open: 0 }
    siblings.set(key, place)
    return place
  }

  /** How many traces there are. */
  get traces(): number {
    return this.#traces
  }

  /**
   * Compares with a later set.
   *
   * @param after the same, of the traces to compare with
   */
  compareWith(after: PathStatistics): Difference {
    const paths: PathDifference[] = []
    const waiting = pairsOf(this.#roots, after.#roots)
    for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
      paths.push(compared(pair))
      waiting.push(...pairsOf(pair.before?.below ?? NONE, pair.after?.below ?? NONE))
    }
    return {
      tracesBefore: this.#traces,
      tracesAfter: after.#traces,
      paths: adjusted(paths).sort((a, b) => changeOf(b) - changeOf(a)),
      leftOut: this.#leftOut + after.#leftOut,
    }
  }
}

const NONE: ReadonlyMap<string, Place> = new Map()

interface Pair {
  readonly before: Place | undefined
  readonly after: Place | undefined
}

function pairsOf(before: ReadonlyMap<string, Place>, after: ReadonlyMap<string, Place>): Pair[] {
  const pairs: Pair[] = []
  for (const [key, place] of before) pairs.push({ before: place, after: after.get(key) })
  for (const [key, place] of after) if (!before.has(key)) pairs.push({ before: undefined, after: place })
  return pairs
}

function keyOf({ service, kind, name }: PathStep): string {
  return `${service}\n${kind}\n${name}`
}

function compared({ before, after }: Pair): PathDifference {
  const [was, is] = [
    before === undefined ? undefined : figuresOf(before),
    after === undefined ? undefined : figuresOf(after),
  ]
  const pValue = before === undefined || after === undefined ? 1 : mannWhitney(before.durations, after.durations)
  return {
    path: pathOf(before ?? after),
    state: was === undefined ? 'new' : is === undefined ? 'gone' : 'both',
    before: was,
    after: is,
    p50Change: was === undefined || is === undefined || was.p50 === 0 ? undefined : is.p50 / was.p50 - 1,
    pValue,
    isNoise: pValue >= NOISE,
  }
}

function pathOf(place: Place | undefined): PathStep[] {
  const path: PathStep[] = []
  for (let at = place; at !== undefined; at = at.parent) path.push(at.step)
  return path.reverse()
}

function figuresOf({ durations, failed, open }: Place): PathFigures {
  const [p50, p90, p99] = [durations.quantile(0.5), durations.quantile(0.9), durations.quantile(0.99)]
  return { count: durations.count + open, failed, p50, p90, p99, max: durations.max, total: durations.total }
}

function changeOf({ before, after }: PathDifference): number {
  return Math.abs((after?.total ?? 0) - (before?.total ?? 0))
}

/** The procedure of Benjamini and Hochberg: of the paths called different, at most the stated share is so by chance. */
function adjusted(paths: readonly PathDifference[]): PathDifference[] {
  const tested = paths.filter(({ state }) => state === 'both').sort((a, b) => b.pValue - a.pValue)
  const values = new Map<PathDifference, number>()
  let least = 1
  for (const [at, path] of tested.entries()) {
    least = Math.min(least, (path.pValue * tested.length) / (tested.length - at))
    values.set(path, least)
  }
  return paths.map((path) => {
    const pValue = values.get(path) ?? 1
    return { ...path, pValue, isNoise: pValue >= NOISE }
  })
}

/**
 * The p-value of a two-sided Mann-Whitney test, by the normal approximation with corrections for ties and continuity
 * (https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test). Durations in one bucket are ties.
 */
export function mannWhitney(a: Histogram, b: Histogram): number {
  const [countA, countB] = [a.count, b.count]
  const all = countA + countB
  if (countA === 0 || countB === 0) return 1
  const buckets = new Map<number, { ofA: number; ofB: number }>()
  for (const { bucket, count } of a.buckets()) buckets.set(bucket, { ofA: count, ofB: 0 })
  for (const { bucket, count } of b.buckets()) buckets.set(bucket, { ofA: buckets.get(bucket)?.ofA ?? 0, ofB: count })
  let below = 0
  let rankSum = 0
  let ties = 0
  for (const [, { ofA, ofB }] of [...buckets].sort(([one], [other]) => one - other)) {
    const together = ofA + ofB
    rankSum += ofA * (below + (together + 1) / 2)
    ties += together ** 3 - together
    below += together
  }
  const u = rankSum - (countA * (countA + 1)) / 2
  const variance = ((countA * countB) / 12) * (all + 1 - ties / (all * (all - 1)))
  if (!(variance > 0)) return 1
  const distance = Math.max(0, Math.abs(u - (countA * countB) / 2) - 0.5)
  return Math.min(1, 2 * upperTail(distance / Math.sqrt(variance)))
}

/** The share of a normal distribution above a value; Abramowitz and Stegun 26.2.17, within 7.5e-8. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}
