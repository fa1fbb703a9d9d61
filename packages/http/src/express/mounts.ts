import { type Layer, type Match, type RouteMatcher, routeMatchersOf, trimmed } from './route-matchers.js'

/** What a request has just entered, of all that may be mounted in an application. */
export interface Entered {
  /** The part of the path that was taken, without a slash at its end. */
  readonly text: string
  /** The part of the path behind it. */
  readonly rest: string
  /** Those of the request, of which a mount's own are some. */
  readonly params: unknown
}

/** A router or an application that a request is in. */
export interface Place {
  /** What is mounted there, or, where it is not known in which router of an application, in any. */
  readonly of: unknown
  readonly isAny: boolean
  /** How far the request has come. Tells apart mounts that match the same part of a path. */
  next: number
}

export function placeIn(of: unknown, isAny = false): Place {
  return { of, isAny, next: 0 }
}

/** What a request has entered: how its path was written, and what is mounted there. */
export interface Found {
  readonly written: string
  readonly handle: unknown
}

/** Finds what a request has entered in a place: undefined where that is mounted in something that cannot be seen. */
export function enter(place: Place, entered: Entered): Found | undefined {
  const { mounts } = levelOf(place)
  const lower = entered.text.toLowerCase()
  for (let turn = 0; turn < mounts.length; turn++) {
    // A request that the program sends through its application again begins anew.
    const at = (place.next + turn) % mounts.length
    const mounted = mounts[at]
    if (mounted === undefined || !lower.startsWith(mounted.matcher.start)) continue
    if (mounted.matcher.isPlain && lower.length !== mounted.matcher.start.length) continue
    if (!hasMatched(mounted.matcher, entered)) continue
    place.next = at + 1
    return { written: mounted.matcher.written, handle: mounted.handle }
  }
  return undefined
}

function hasMatched(matcher: RouteMatcher, { text, rest, params }: Entered): boolean {
  const isAll = (match: Match | undefined): match is Match => match !== undefined && trimmed(match.path) === text
  let match = matcher.match(text + rest)
  // Express adds a slash where nothing is left.
  if (!isAll(match) && rest === '/') match = matcher.match(text)
  if (!isAll(match)) return false
  return Object.keys(match.params).every((name) => typeof params === 'object' && params !== null && name in params)
}

interface Mounted {
  readonly matcher: RouteMatcher
  readonly handle: unknown
}

/** All that can be entered from a place, in the order in which Express tries it. */
interface Level {
  readonly mounts: Mounted[]
  /** Where they were found, and how many layers were there. */
  readonly stacks: Map<readonly Layer[], number>
}

const levels = { own: new WeakMap<object, Level>(), any: new WeakMap<object, Level>() }

const NOTHING: Level = { mounts: [], stacks: new Map() }

function levelOf({ of, isAny }: Place): Level {
  if (typeof of !== 'function') return NOTHING
  const known = isAny ? levels.any : levels.own
  const before = known.get(of)
  if (before !== undefined && isCurrent(before)) return before
  const level: Level = { mounts: [], stacks: new Map() }
  // In Express 4 an application has its router there, and `router` throws.
  const router: unknown =
    Reflect.get(of, 'stack') === undefined ? (Reflect.get(of, '_router') ?? Reflect.get(of, 'router')) : of
  addLayers(level, router, isAny)
  known.set(of, level)
  return level
}

/** Programs may add to their routers at any time. */
function isCurrent({ stacks }: Level): boolean {
  for (const [stack, length] of stacks) if (stack.length !== length) return false
  return true
}

function addLayers(level: Level, router: unknown, isAny: boolean): void {
  if (typeof router !== 'function') return
  const stack: unknown = Reflect.get(router, 'stack')
  if (!isStack(stack) || level.stacks.has(stack)) return
  level.stacks.set(stack, stack.length)
  for (const layer of stack) {
    if (layer.route !== undefined) continue
    const { handle } = layer
    const matchers = routeMatchersOf(layer)
    const takes = (matcher: RouteMatcher, path: string) => trimmed(matcher.match(path)?.path ?? path) !== ''
    // Of what takes nothing of a path Express does not say that it was entered.
    for (const matcher of matchers) if (takes(matcher, '/-')) level.mounts.push({ matcher, handle })
    if (isAny || !matchers.every((matcher) => takes(matcher, '/'))) addLayers(level, handle, isAny)
  }
}

function isStack(stack: unknown): stack is readonly Layer[] {
  return Array.isArray(stack)
}
