import { literalIn } from './expression.js'

/** What a request has just entered, of all that may be mounted in an application. */
export interface Entered {
  /** The part of the path that was taken, without a slash at its end. */
  readonly text: string
  /** The part of the path behind it. */
  readonly rest: string
  /** The text with parameters' names in place of their values. */
  readonly pattern: string
  /** Whether there were any. */
  readonly hasParameters: boolean
}

/** A way to get into something mounted: a layer may have several. */
interface Way {
  /** What it takes of a path. */
  takes(path: string): string | undefined
  /** As it was written, if that is a text without parameters. */
  readonly text?: string
  /** Whether it matches what is neither written there nor a parameter. */
  readonly isExpression: boolean
}

/** What Express 4 and 5 keep of each thing mounted; of later releases' types, which are not public, only this is used. */
interface Layer {
  readonly route?: unknown
  readonly handle?: unknown
  /** Express 4: all ways in one. */
  readonly regexp?: RegExp
  /** Express 5: a function for each way. */
  readonly matchers?: readonly ((path: string) => unknown)[]
  /** From release 2.3 of its router: how they were written. */
  readonly rawPath?: unknown
}

/** How many patterns are remembered of an application; the others are looked for each time. */
const MOST_KNOWN = 1_000

/** By application, what was found out before: how a pattern was written. */
const known = new WeakMap<object, Map<string, string>>()

/**
 * How a path was written that something is mounted at.
 *
 * @param app the application that the request is in
 * @returns `/*` where that is a regular expression, as much of what it matches is chosen by whoever sent the request
 */
export function writtenMount(app: unknown, entered: Entered): string {
  const { pattern } = entered
  if (typeof app !== 'function') return pattern
  const knownHere = known.get(app) ?? new Map<string, string>()
  known.set(app, knownHere)
  const before = knownHere.get(pattern)
  if (before !== undefined) return before
  const written = findWritten(app, entered)
  if (written === undefined) return '/*'
  if (knownHere.size < MOST_KNOWN) knownHere.set(pattern, written)
  return written
}

function findWritten(app: object, { text, rest, pattern, hasParameters }: Entered): string | undefined {
  let found: string | undefined = pattern
  const takes = (way: Way, path: string) => way.takes(path)?.replace(/\/$/, '') === text
  for (const way of waysInto(app)) {
    if (!takes(way, text + rest) && !takes(way, text)) continue
    if (way.isExpression) found = undefined
    else if (way.text === undefined) return pattern
    else if (!hasParameters) return way.text
  }
  return found
}

/** The ways into all that is mounted in an application or in those around it. */
function* waysInto(app: object): Generator<Way> {
  const seen = new Set<unknown>()
  for (let at: unknown = app; typeof at === 'function' && !seen.has(at); at = Reflect.get(at, 'parent')) {
    seen.add(at)
    // That of Express 4; its `router` throws.
    const router: unknown = Reflect.get(at, '_router') ?? Reflect.get(at, 'router')
    yield* waysBelow(router, seen)
  }
}

function* waysBelow(router: unknown, seen: Set<unknown>): Generator<Way> {
  if (typeof router !== 'function' || seen.has(router)) return
  seen.add(router)
  const stack: unknown = Reflect.get(router, 'stack')
  if (!Array.isArray(stack)) return
  for (const layer of stack as readonly Layer[]) {
    if (layer.route !== undefined) continue
    yield* waysOf(layer)
    yield* waysBelow(layer.handle, seen)
  }
}

const ways = new WeakMap<Layer, readonly Way[]>()

function waysOf(layer: Layer): readonly Way[] {
  let found = ways.get(layer)
  if (found === undefined) {
    found = layer.regexp === undefined ? waysOfMatchers(layer) : waysOfExpression(layer.regexp)
    ways.set(layer, found)
  }
  return found
}

/** Express 5. */
function waysOfMatchers({ matchers = [], rawPath }: Layer): readonly Way[] {
  const written: readonly unknown[] = Array.isArray(rawPath) ? rawPath : [rawPath]
  return matchers.flatMap((matcher, at) => {
    const path = written[at]
    if (path instanceof RegExp) return waysOfExpression(path)
    const takes = (text: string): string | undefined => {
      const match = matcher(text)
      return typeof match === 'object' && match !== null ? String(Reflect.get(match, 'path')) : undefined
    }
    const isText = typeof path === 'string' && !/[:*{}\\]/.test(path)
    return [{ takes, isExpression: matcher.name === 'regexpMatcher', ...(isText && { text: trimmed(path) }) }]
  })
}

/** Express 4 makes one expression of all the paths that a list has. */
function waysOfExpression({ source, flags }: RegExp): readonly Way[] {
  const compiled = (part: string): Way => {
    // One of ours: an expression with the flag `g` or `y` has a state.
    const expression = new RegExp(part, flags.replace(/[gy]/g, ''))
    const literal = literalIn(part)
    const text = literal?.hasGroups === false ? { text: trimmed(literal.text) } : {}
    return { takes: (path) => expression.exec(path)?.[0], isExpression: literal === undefined, ...text }
  }
  try {
    return source.split(/\|(?=\^)/).map(compiled)
  } catch {
    return [compiled(source)]
  }
}

function trimmed(path: string): string {
  return path.replace(/\/$/, '')
}
