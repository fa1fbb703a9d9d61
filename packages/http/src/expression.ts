const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|./gs

/** How Express 4 ends the expressions that it makes of texts. */
const END = /(?:\\\/\?)?(?:\(\?=\\\/\|\$\)|\$)?$/

/** What an expression matches, if that is nothing but a text and groups that become parameters. */
interface Literal {
  /** Without the groups. */
  readonly text: string
  readonly hasGroups: boolean
}

/**
 * Reads a regular expression for paths that may have been made of a path with parameters.
 *
 * @param source such as `^\/users\/(?:([^\/]+?))\/?(?=\/|$)`
 * @returns undefined where, outside its groups, it matches more than one text
 */
export function literalIn(source: string): Literal | undefined {
  let text = ''
  let hasGroups = false
  let depthOfGroup = 0
  let last = ''
  for (const [token] of source.replace(/^\^/, '').replace(END, '').matchAll(TOKEN)) {
    if (depthOfGroup > 0) {
      if (token.startsWith('(')) depthOfGroup++
      else if (token === ')') depthOfGroup--
    } else if (token === '(' || /^\(\?<\w/.test(token)) {
      depthOfGroup = 1
      hasGroups = true
    } else if (token === '?' && last === ')' && hasGroups) {
      // A parameter that may be missing.
    } else if (/^\\\W$/.test(token)) {
      text += token.slice(1)
    } else if (/^[^\\[\]{}()*+?.|^$]$/.test(token)) {
      text += token
    } else if (token !== '(?:' && token !== ')') {
      return undefined
    }
    last = token
  }
  return { text, hasGroups }
}
