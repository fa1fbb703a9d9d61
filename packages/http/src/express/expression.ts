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
export function textOf(source: string, names: readonly (string | number)[]): string | undefined {
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
