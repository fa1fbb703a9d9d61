/** What Express 4 keeps of each thing mounted: its types are not public. */
export interface Layer {
  readonly route?: unknown
  readonly handle?: unknown
  /** One expression for all of its paths; Express 5 has none. */
  readonly regexp?: RegExp
  /** The parameters of all of its paths. */
  readonly keys?: readonly { readonly name: string | number }[]
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

export function routeMatchersOf({ regexp, keys }: Layer): readonly RouteMatcher[] {
  return regexp === undefined ? [] : fromExpression(regexp, keys)
}

/** How a path is called that Express 5 tells as it was written: a text, or an expression. */
export function writtenAs(path: unknown): string {
  if (typeof path === 'string') return trimmed(path)
  const text = path instanceof RegExp ? textOf(path.source, []) : undefined
  return text === undefined ? UNKNOWN : trimmed(text)
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
