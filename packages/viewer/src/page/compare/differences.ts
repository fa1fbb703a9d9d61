import { type PathDifference, PathStatistics, type PathStep } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { isFailed } from '../../wire/read.js'

/** How what is on a path has changed; undefined where it has not. */
export type Change = 'new' | 'gone' | 'slower' | 'faster' | undefined

export const CHANGES = ['new', 'gone', 'slower', 'faster'] as const

/** A path of services, kinds and names in two traces. */
export interface ComparedPath extends PathDifference {
  readonly change: Change
  /** The path above, if it is not that of a root. */
  readonly above: ComparedPath | undefined
}

export interface Comparison {
  /** Parents before their children; of siblings, those come first in which most has changed. */
  readonly paths: readonly ComparedPath[]
  /** How many spans are not compared; see `Difference`. */
  readonly leftOut: number
}

/** A median that changed by a smaller share is as good as equal. */
const NOTABLE = 0.1
/** With fewer spans on a side, nothing can be said of chance. */
const ENOUGH = 4

/** What a later trace has that an earlier one has not, and the other way round. */
export function comparisonOf(first: readonly Span[], second: readonly Span[]): Comparison {
  const { paths, leftOut } = statisticsOf(first).compareWith(statisticsOf(second))
  return { paths: inTreeOrder(paths), leftOut }
}

function statisticsOf(spans: readonly Span[]): PathStatistics {
  const statistics = new PathStatistics()
  statistics.addTrace(spans, { isFailed })
  return statistics
}

/** Whether the durations of many spans differ no more than by chance. */
export function isChance({ before, after, isNoise }: PathDifference): boolean {
  return isNoise && (before?.count ?? 0) >= ENOUGH && (after?.count ?? 0) >= ENOUGH
}

function changeOf(path: PathDifference): Change {
  if (path.state !== 'both') return path.state
  const share = path.p50Change ?? 0
  if (Math.abs(share) < NOTABLE || isChance(path)) return undefined
  return share > 0 ? 'slower' : 'faster'
}

interface Branch {
  path: PathDifference | undefined
  readonly below: Map<string, Branch>
}

function inTreeOrder(paths: readonly PathDifference[]): ComparedPath[] {
  const root: Branch = { path: undefined, below: new Map() }
  for (const path of paths) {
    let branch = root
    for (const step of path.path) branch = branchAt(branch, step)
    branch.path = path
  }
  const ordered: ComparedPath[] = []
  const waiting = reversed(root, undefined)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { branch, above } = next
    if (branch.path === undefined) continue
    const path: ComparedPath = { ...branch.path, change: changeOf(branch.path), above }
    ordered.push(path)
    waiting.push(...reversed(branch, path))
  }
  return ordered
}

function branchAt({ below }: Branch, { service, kind, name }: PathStep): Branch {
  const key = `${service}\n${kind}\n${name}`
  const known = below.get(key)
  if (known !== undefined) return known
  const branch = { path: undefined, below: new Map<string, Branch>() }
  below.set(key, branch)
  return branch
}

interface Waiting {
  readonly branch: Branch
  readonly above: ComparedPath | undefined
}

/** The last is taken first. */
function reversed({ below }: Branch, above: ComparedPath | undefined): Waiting[] {
  return Array.from(below.values(), (branch) => ({ branch, above })).reverse()
}

/** The paths with a change, and what is above them. */
export function onlyWith(paths: readonly ComparedPath[], change: Change): ComparedPath[] {
  const kept = new Set<ComparedPath>()
  for (const path of paths) {
    if (path.change !== change) continue
    for (let at: ComparedPath | undefined = path; at !== undefined && !kept.has(at); at = at.above) kept.add(at)
  }
  return paths.filter((path) => kept.has(path))
}
