import { type Layer, type Match, trimmed, type Way, waysOf } from './ways.js'

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
  /** How far the request has come. Of ways that take the same of a path, that tells which it is. */
  next: number
}

export function placeIn(of: unknown, isAny = false): Place {
  return { of, isAny, next: 0 }
}

/** What a request has entered: how its path was written, and what stands there. */
export interface Found {
  readonly written: string
  readonly handle: unknown
}

/** Finds what a request has entered in a place: undefined where that is mounted in something that cannot be seen. */
export function enter(place: Place, entered: Entered): Found | undefined {
  const { doors } = levelOf(place)
  const lower = entered.text.toLowerCase()
  for (let turn = 0; turn < doors.length; turn++) {
    // A request that the program sends through its application again begins anew.
    const at = (place.next + turn) % doors.length
    const door = doors[at]
    if (door === undefined || !lower.startsWith(door.way.start)) continue
    if (door.way.isPlain && lower.length !== door.way.start.length) continue
    if (!isWayOf(door.way, entered)) continue
    place.next = at + 1
    return { written: door.way.written(entered.text), handle: door.handle }
  }
  return undefined
}

function isWayOf(way: Way, { text, rest, params }: Entered): boolean {
  const isAll = (match: Match | undefined): match is Match => match !== undefined && trimmed(match.path) === text
  let match = way.match(text + rest)
  // Express adds a slash where nothing is left.
  if (!isAll(match) && rest === '/') match = way.match(text)
  if (!isAll(match)) return false
  return Object.keys(match.params).every((name) => typeof params === 'object' && params !== null && name in params)
}

interface Door {
  readonly way: Way
  readonly handle: unknown
}

/** All that can be entered from a place, in the order in which Express tries it. */
interface Level {
  readonly doors: Door[]
  /** Where they were found, and how many layers were there. */
  readonly stacks: Map<readonly Layer[], number>
}

const levels = { own: new WeakMap<object, Level>(), any: new WeakMap<object, Level>() }

const NOTHING: Level = { doors: [], stacks: new Map() }

function levelOf({ of, isAny }: Place): Level {
  if (typeof of !== 'function') return NOTHING
  const known = isAny ? levels.any : levels.own
  const before = known.get(of)
  if (before !== undefined && isCurrent(before)) return before
  const level: Level = { doors: [], stacks: new Map() }
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
    const ways = waysOf(layer)
    const takes = (way: Way, path: string) => trimmed(way.match(path)?.path ?? path) !== ''
    // Of what takes nothing of a path Express does not say that it was entered.
    for (const way of ways) if (takes(way, '/-')) level.doors.push({ way, handle })
    if (isAny || !ways.every((way) => takes(way, '/'))) addLayers(level, handle, isAny)
  }
}

function isStack(stack: unknown): stack is readonly Layer[] {
  return Array.isArray(stack)
}
