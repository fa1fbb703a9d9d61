import { parseSearch, type Search, SearchError } from '@trace/analysis'
import { onOneLine } from '@trace/core/spans'
import { EXIT, Failure } from '../terminal/context.js'
import { mayBeSource, sourceIn } from './locate.js'

/** What the words behind a command say. */
export interface Words {
  readonly sources: readonly string[]
  readonly search: Search
}

/**
 * Tells stores from conditions of a search.
 *
 * @param cwd the folder that paths are relative to
 * @param from the stores that an option names
 * @throws {Failure} points at the mistake in the search
 */
export function wordsOf(cwd: string, words: readonly string[], from: readonly string[] = []): Words {
  const isSource = sourceIn(cwd)
  const text = words
    .filter((word) => !isSource(word))
    .map(quoted)
    .join(' ')
  const store = words.find((word) => !isSource(word) && mayBeSource(word))
  const hint = store === undefined ? '' : `\nIf ${onOneLine(store)} is a store, put --from before it.`
  return { sources: [...from, ...words.filter(isSource)], search: searchOf(text, hint) }
}

/**
 * @param hint what stands below a mistake
 * @throws {Failure} points at the mistake
 */
export function searchOf(text: string, hint = ''): Search {
  try {
    return parseSearch(text)
  } catch (error) {
    if (error instanceof SearchError) throw new Failure(error.message + hint, EXIT.misuse)
    throw error
  }
}

const ANOTHER_CONDITION = /\s-?(?:@\S+|(?:kind|service|name|process|host|trace|id|duration|status|span)):/

/**
 * The shell takes quotes away: of `name:"GET /users"` it leaves `name:GET /users` as one argument. They are put back where a name or
 * a value of data has spaces, and nothing in it looks like another condition.
 */
export function quoted(word: string): string {
  const [, condition, value = ''] = /^(-?(?:name|@[^\s:"]+):)(\S.*\s.*)$/s.exec(word) ?? []
  if (condition === undefined || value.includes('"') || ANOTHER_CONDITION.test(value)) return word
  return `${condition}"${value.replaceAll('\\', '\\\\')}"`
}
