import { SearchError } from './error.js'

/** A piece of a search: what is between two spaces. */
export interface Term {
  /** It is `text.slice(from, to)`. */
  readonly from: number
  readonly to: number
  /** Whether it has a minus in front. */
  readonly negated: boolean
  /** What stands before the colon, such as `kind`, or the data key behind `@`; undefined for words and phrases. */
  readonly field: string | undefined
  /** Whether the field is a data key. */
  readonly isKey: boolean
  /** The word or phrase, or what stands behind the colon, without quotes; undefined for a data key alone. */
  readonly value: string | undefined
  /** Where the value begins, with its quote. */
  readonly valueAt: number
  /** Whether the value stands in quotes: then `*`, `<` and `>` are ordinary characters. */
  readonly quoted: boolean
}

/** A search of a person is far shorter; this one may come from a URL. */
const MOST_CHARACTERS = 10_000
const SPACE = /\s/

/**
 * Splits a search into its terms.
 *
 * @throws {SearchError} for a quote that is not closed, a minus or a colon without what belongs behind it
 */
export function termsOf(text: string): Term[] {
  if (text.length > MOST_CHARACTERS) {
    throw new SearchError(text, MOST_CHARACTERS, text.length, `expected at most ${MOST_CHARACTERS} characters`)
  }
  const terms: Term[] = []
  let at = 0
  while (at < text.length) {
    if (SPACE.test(text.charAt(at))) at++
    else {
      const term = termAt(text, at)
      terms.push(term)
      at = term.to
    }
  }
  return terms
}

function termAt(text: string, from: number): Term {
  const negated = text.charAt(from) === '-'
  const begin = negated ? from + 1 : from
  const first = text.charAt(begin)
  if (first === '' || SPACE.test(first))
    throw new SearchError(text, from, begin, 'expected a condition behind the minus')
  if (first === '-') {
    throw new SearchError(text, begin, begin + 1, 'expected one minus; text that begins with a minus stands in quotes')
  }
  const isKey = first === '@'
  const name = isKey || first !== '"' ? fieldAt(text, isKey ? begin + 1 : begin, isKey) : undefined
  const common = { from, negated, isKey }
  if (name === undefined || (!isKey && text.charAt(name.to) !== ':')) {
    const value = valueAt(text, begin)
    return { ...common, to: value.to, field: undefined, value: value.value, valueAt: begin, quoted: value.quoted }
  }
  if (isKey && name.value === '' && !name.quoted)
    throw new SearchError(text, begin, begin + 1, 'expected a data key behind @, such as @user.id:42')
  if (text.charAt(name.to) !== ':') {
    return { ...common, to: name.to, field: name.value, value: undefined, valueAt: name.to, quoted: false }
  }
  const value = valueAt(text, name.to + 1)
  return { ...common, to: value.to, field: name.value, value: value.value, valueAt: name.to + 1, quoted: value.quoted }
}

interface Value {
  readonly value: string
  readonly to: number
  readonly quoted: boolean
}

/** What stands before a colon. A data key may be in quotes. */
function fieldAt(text: string, from: number, isKey: boolean): Value {
  if (isKey && text.charAt(from) === '"') return quotedAt(text, from)
  let to = from
  while (to < text.length && text.charAt(to) !== ':' && !SPACE.test(text.charAt(to))) to++
  return { value: text.slice(from, to), to, quoted: false }
}

function valueAt(text: string, from: number): Value {
  if (text.charAt(from) === '"') return quotedAt(text, from)
  let to = from
  while (to < text.length && !SPACE.test(text.charAt(to))) to++
  return { value: text.slice(from, to), to, quoted: false }
}

/** A text in double quotes: a backslash stands before a quote or a backslash in it. */
function quotedAt(text: string, from: number): Value {
  let value = ''
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') {
      const next = text.charAt(at + 1)
      if (next !== '' && next !== ':' && !SPACE.test(next)) {
        throw new SearchError(text, at + 1, at + 2, 'expected a space behind the closing quote')
      }
      return { value, to: at + 1, quoted: true }
    }
    if (character === '\\' && at + 1 < text.length) value += text.charAt(++at)
    else value += character
  }
  throw new SearchError(text, from, text.length, 'expected a closing quote "')
}
