import type { Dialect } from './sql.js'

/** What a character begins. What begins something else is left to `maskQuery`. */
const [PLAIN, WORD, NUMBER, TEXT, NAME, DOLLAR, MINUS, SLASH, OTHER] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
/** What a character goes on, as in `maskQuery`; one may go on several. */
const [IN_WORD, IN_NUMBER, IN_PLACEHOLDER] = [1, 2, 4] as const

const [DOLLAR_SIGN, QUOTE, ASTERISK, DASH, QUESTION_MARK, BACKSLASH] = [36, 39, 42, 45, 63, 92] as const

/** By the codes of ASCII. */
interface Characters {
  readonly begins: Uint8Array
  readonly goesOn: Uint8Array
}

const BEGINS = { "'": TEXT, '`': NAME, $: DOLLAR, '-': MINUS, '/': SLASH, '@': OTHER }
const characters: Readonly<Record<Dialect, Characters>> = {
  mysql: charactersOf({ ...BEGINS, '"': TEXT, '#': OTHER }),
  standard: charactersOf({ ...BEGINS, '"': NAME }),
}

function charactersOf(special: Readonly<Record<string, number>>): Characters {
  const all = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
  const goesOn = (character: string): number =>
    (/[\w.]/.test(character) ? IN_WORD : 0) |
    (/[0-9a-fA-FxX._]/.test(character) ? IN_NUMBER : 0) |
    (/[\w.$@]/.test(character) ? IN_PLACEHOLDER : 0)
  const begins = (character: string): number =>
    special[character] ?? (/[0-9]/.test(character) ? NUMBER : /\w/.test(character) ? WORD : PLAIN)
  return { begins: Uint8Array.from(all, begins), goesOn: Uint8Array.from(all, goesOn) }
}

/** Masks most queries as `maskQuery` does, without making a text: that takes several times as long. */
export class QueryScan {
  /** The characters of the masked query. */
  readonly codes: Uint16Array
  length = 0

  /** @param longest how many characters a query has at most */
  constructor(longest: number) {
    this.codes = new Uint16Array(longest)
  }

  /** Puts a text there as it is. @returns whether it is short enough */
  take(text: string): boolean {
    if (text.length > this.codes.length) return false
    this.length = 0
    this.#copy(text, 0, text.length)
    return true
  }

  /** @returns whether the query has been masked; otherwise it is too long, or has something that takes a closer look */
  mask(query: string, dialect: Dialect): boolean {
    if (query.length > this.codes.length) return false
    this.length = 0
    const { begins, goesOn } = characters[dialect]
    for (let at = 0; at < query.length; ) {
      const code = query.charCodeAt(at)
      const end = code > 127 ? -1 : this.#piece(query, at, begins[code], goesOn)
      if (end === -1) return false
      at = end
    }
    return true
  }

  /** @returns where the piece ends that begins there; -1 if it takes a closer look */
  #piece(query: string, at: number, begun: number | undefined, goesOn: Uint8Array): number {
    switch (begun) {
      case WORD: {
        const end = endOf(query, at + 1, goesOn, IN_WORD)
        this.#copy(query, at, end)
        const next = end < query.length ? query.charCodeAt(end) : 0
        return next === QUOTE || next === DOLLAR_SIGN ? -1 : end
      }
      case NUMBER:
        this.codes[this.length++] = QUESTION_MARK
        return endOf(query, at + 1, goesOn, IN_NUMBER)
      case TEXT:
        this.codes[this.length++] = QUESTION_MARK
        return quoteEnd(query, at, BACKSLASH)
      default:
        return this.#rarePiece(query, at, begun, goesOn)
    }
  }

  #rarePiece(query: string, at: number, begun: number | undefined, goesOn: Uint8Array): number {
    let end = at + 1
    const next = end < query.length ? query.charCodeAt(end) : 0
    if (begun === NAME) end = quoteEnd(query, at, -1)
    else if (begun === DOLLAR) end = isDigit(next) ? endOf(query, end, goesOn, IN_PLACEHOLDER) : -1
    else if ((begun === MINUS && next === DASH) || (begun === SLASH && next === ASTERISK) || begun === OTHER) end = -1
    if (end !== -1) this.#copy(query, at, end)
    return end
  }

  #copy(text: string, from: number, to: number): void {
    const { codes } = this
    let { length } = this
    for (let at = from; at < to; at++) codes[length++] = text.charCodeAt(at)
    this.length = length
  }

  /** A hash of the masked query. */
  hash(): number {
    const { codes, length } = this
    let hash = length
    for (let at = 0; at < length; at++) hash = (Math.imul(hash, 31) + (codes[at] ?? 0)) | 0
    return hash ^ (hash >>> 8) ^ (hash >>> 16)
  }

  /** Whether the masked query is this one. */
  equals(masked: string): boolean {
    const { codes, length } = this
    if (masked.length !== length) return false
    for (let at = 0; at < length; at++) if (masked.charCodeAt(at) !== codes[at]) return false
    return true
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function endOf(query: string, from: number, goesOn: Uint8Array, what: number): number {
  let end = from
  while (end < query.length && ((goesOn[query.charCodeAt(end)] ?? 0) & what) !== 0) end++
  return end
}

/** Behind the closing quote, where doubled ones stay inside; -1 if there is none, or a character before it that takes a closer look. */
function quoteEnd(query: string, at: number, other: number): number {
  const quote = query.charCodeAt(at)
  for (let end = at + 1; end < query.length; end++) {
    const code = query.charCodeAt(end)
    if (code === other) return -1
    if (code !== quote) continue
    if (end + 1 === query.length || query.charCodeAt(end + 1) !== quote) return end + 1
    end++
  }
  return -1
}
