/** What Express 4 and 5 keep of each thing mounted; of later releases' types, which are not public, only this is used. */
export interface Layer {
  readonly route?: unknown
  readonly handle?: unknown
  /** Express 4: one expression for all of its paths. */
  readonly regexp?: RegExp
  /** Express 4: the parameters of all of its paths. */
  readonly keys?: readonly { readonly name: string | number }[]
  /** Express 5: a function for each path. */
  readonly matchers?: readonly ((path: string) => unknown)[]
  /** Express 5 with release 2.3 or later of its router: how the paths were written. */
  readonly rawPath?: unknown
}

/** Matches one path that something is mounted at: a layer may have several. */
export interface RouteMatcher {
  /** @returns undefined where it does not match, or where a parameter cannot be decoded */
  match(path: string): Match | undefined
  /** How the path was written; `/*` where that is not known, and for a regular expression, whose matches the client chooses. */
  readonly written: string
  /** What all that it matches begins with, in lower case: most matchers are told apart by it, without matching. */
  readonly start: string
  /** Whether it matches nothing more than its start. */
  readonly isPlain: boolean
}

export interface Match {
  /** The part of the path that matched. */
  readonly path: string
  /** By name; their values may be missing. */
  readonly params: object
}

export const UNKNOWN = '/*'

const ANY = { written: UNKNOWN, start: '', isPlain: false }

export function routeMatchersOf(layer: Layer): readonly RouteMatcher[] {
  return layer.regexp === undefined ? fromFunctions(layer) : fromExpression(layer.regexp, layer.keys)
}

/** Express 5. */
function fromFunctions({ matchers = [], rawPath }: Layer): readonly RouteMatcher[] {
  const paths: readonly unknown[] = Array.isArray(rawPath) ? rawPath : [rawPath]
  return matchers.flatMap((matcher, at) => {
    const path = paths[at]
    if (path instanceof RegExp) return fromExpression(path)
    const match = guarded(matcher)
    return typeof path === 'string' ? fromText(match, path, !/[:*{}\\]/.test(path)) : { ...ANY, match }
  })
}

function guarded(matcher: (path: string) => unknown): RouteMatcher['match'] {
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

function fromText(match: RouteMatcher['match'], path: string, isPlain: boolean): RouteMatcher {
  const written = trimmed(path)
  const start = isPlain ? written : written.replace(/[/.]?[:*{\\?(].*$/s, '')
  return { match, written, start: start.toLowerCase(), isPlain }
}

/** Express 4 makes one expression of all the paths in a list. */
function fromExpression({ source, flags }: RegExp, keys: Layer['keys'] = []): readonly RouteMatcher[] {
  let groups = 0
  const compiled = (part: string): RouteMatcher => {
    // A copy: an expression with the flag `g` or `y` has a state.
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
    return text === undefined ? { ...ANY, match } : fromText(match, text, count === 0)
  }
  try {
    return source.split(/\|(?=\^)/).map(compiled)
  } catch {
    groups = 0
    return [compiled(source)]
  }
}

/** Without the slash that a mount may have at its end. */
export function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|./gs

/** How Express 4 ends the expressions that it makes of texts. */
const END = /(?:\\\/\?)?(?:\(\?=\\\/\|\$\)|\$)?$/

/**
 * Reads a regular expression for paths as the text with parameters that it may have been made of.
 *
 * @param source such as `^\/users\/(?:([^\/]+?))\/?(?=\/|$)`
 * @param names of its groups; those of groups without a name are numbers
 * @returns such as `/users/:id`; undefined where, outside its groups, it matches more than one text
 */
function textOf(source: string, names: readonly (string | number)[]): string | undefined {
  let text = ''
  let groups = 0
  let depthOfGroup = 0
  let last = ''
  for (const [token] of source.replace(/^\^/, '').replace(END, '').matchAll(TOKEN)) {
    const name = token === '(' || /^\(\?<\w/.test(token) ? (names[groups++] ?? 0) : undefined
    if (depthOfGroup > 0) {
      if (token.startsWith('(')) depthOfGroup++
      else if (token === ')') depthOfGroup--
    } else if (name !== undefined) {
      depthOfGroup = 1
      text += typeof name === 'string' ? `:${name}` : '*'
    } else if (/^\\\W$/.test(token)) {
      text += token.slice(1)
    } else if (/^[^\\[\]{}()*+?.|^$]$/.test(token) || (token === '?' && last === ')' && groups > 0)) {
      // A question mark stays: a parameter that may be missing.
      text += token
    } else if (token !== '(?:' && token !== ')') {
      return undefined
    }
    last = token
  }
  return text
}
