import { textOf } from './expression.js'

/** What Express 4 and 5 keep of each thing mounted; of later releases' types, which are not public, only this is used. */
export interface Layer {
  readonly route?: unknown
  readonly handle?: unknown
  /** Express 4: all ways in one. */
  readonly regexp?: RegExp
  /** Express 4: the parameters of all ways. */
  readonly keys?: readonly { readonly name: string | number }[]
  /** Express 5: a function for each way. */
  readonly matchers?: readonly ((path: string) => unknown)[]
  /** From release 2.3 of its router: how they were written. */
  readonly rawPath?: unknown
}

/** A way to get into something mounted: a layer may have several. */
export interface Way {
  /** @returns undefined where it does not match, or where a parameter cannot be decoded */
  match(path: string): Match | undefined
  /** How it was written: `/*` for a regular expression, as what that matches is chosen by whoever sent the request. */
  written(text: string): string
  /** What all that it takes begins with, in lower case. Most ways need not be matched, since it tells them apart. */
  readonly start: string
  /** Whether it takes nothing more. */
  readonly isPlain: boolean
}

export interface Match {
  /** What is taken of the path. */
  readonly path: string
  /** By name; their values may be missing. */
  readonly params: object
}

export const UNKNOWN = '/*'

const ANY = { start: '', isPlain: false }

export function waysOf(layer: Layer): readonly Way[] {
  return layer.regexp === undefined ? waysOfMatchers(layer) : waysOfExpression(layer.regexp, layer.keys)
}

/** Express 5. */
function waysOfMatchers({ matchers = [], rawPath }: Layer): readonly Way[] {
  const written: readonly unknown[] = Array.isArray(rawPath) ? rawPath : [rawPath]
  return matchers.flatMap((matcher, at) => {
    const path = written[at]
    if (path instanceof RegExp) return waysOfExpression(path)
    const match = matchOf(matcher)
    if (typeof path === 'string') return [wayOfText(match, path, !/[:*{}\\]/.test(path))]
    return [{ ...ANY, match, written: matcher.name === 'regexpMatcher' ? () => UNKNOWN : probing(match) }]
  })
}

function matchOf(matcher: (path: string) => unknown): Way['match'] {
  return (text) => {
    try {
      const match = matcher(text)
      if (typeof match !== 'object' || match === null) return undefined
      const params: unknown = Reflect.get(match, 'params')
      const path = String(Reflect.get(match, 'path'))
      return { path, params: typeof params === 'object' && params !== null ? params : {} }
    } catch {
      return undefined
    }
  }
}

function wayOfText(match: Way['match'], written: string, isPlain: boolean): Way {
  const text = trimmed(written)
  const start = isPlain ? text : text.replace(/[/.]?[:*{\\?(].*$/s, '')
  return { match, written: () => text, start: start.toLowerCase(), isPlain }
}

/** Express 4 makes one expression of all the paths that a list has. */
function waysOfExpression({ source, flags }: RegExp, keys: Layer['keys'] = []): readonly Way[] {
  let groups = 0
  const compiled = (part: string): Way => {
    // One of ours: an expression with the flag `g` or `y` has a state.
    const expression = new RegExp(part, flags.replace(/[gy]/g, ''))
    const count = (new RegExp(`${part}|`, flags).exec('')?.length ?? 1) - 1
    const names = keys.slice(groups, groups + count).map(({ name }) => name)
    groups += count
    const params = Object.fromEntries(names.map((name) => [name, undefined]))
    const match = (path: string): Match | undefined => {
      const found = expression.exec(path)
      return found === null ? undefined : { path: found[0], params }
    }
    const text = textOf(part, names)
    return text === undefined ? { ...ANY, match, written: () => UNKNOWN } : wayOfText(match, text, count === 0)
  }
  try {
    return source.split(/\|(?=\^)/).map(compiled)
  } catch {
    groups = 0
    return [compiled(source)]
  }
}

/**
 * Express 5 before release 2.3 of its router tells how a path was written only by what it matches. Found out once for each
 * combination of parameters: not more often than what was written has optional parts.
 */
function probing(match: Way['match']): Way['written'] {
  const known = new Map<string, string>()
  return (text) => {
    const names = Object.keys(match(text)?.params ?? {}).join('/')
    const before = known.get(names)
    if (before !== undefined) return before
    const lower = text.toLowerCase()
    const written = probed(match, match(lower) === undefined ? text : lower)
    if (written !== undefined) known.set(names, written)
    return written ?? UNKNOWN
  }
}

const LONGEST = 200

/** What can be changed in a path, and then changes a parameter, is that parameter's; all else was written so. */
function probed(match: Way['match'], text: string): string | undefined {
  const params = Object.entries(match(text)?.params ?? {})
  if (params.length === 0) return text
  // A change within what is encoded may be one that cannot be decoded; and a long text costs a match for each character.
  if (text.includes('%') || text.length > LONGEST) return undefined
  const seen: string[] = []
  let written = ''
  let last: string | undefined
  for (let at = 0; at < text.length; at++) {
    const changed = match(text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1))?.params
    const changes = params.filter(([name, value]) => changed && String(Reflect.get(changed, name)) !== String(value))
    const [name, value] = changes.length === 1 ? (changes[0] ?? []) : []
    if (name === undefined) written += text[at]
    else if (name !== last) {
      written += (Array.isArray(value) ? '*' : ':') + name
      seen.push(name)
    }
    last = name
  }
  return seen.join('/') === params.map(([name]) => name).join('/') ? written : undefined
}

/** Without the slash that a mount may have at its end. */
export function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
