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
const characters: Readonly<Record<Dialect | 'masked', Characters>> = {
  mysql: charactersOf({ ...BEGINS, '"': TEXT, '#': OTHER }),
  standard: charactersOf({ ...BEGINS, '"': NAME }),
  any: charactersOf({ ...BEGINS, '"': TEXT, '#': OTHER, '[': OTHER }),
  masked: { begins: new Uint8Array(128), goesOn: new Uint8Array(128) },
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

const encoder = new TextEncoder()

/** Masks most queries as `maskQuery` does, without making a text: that takes several times as long. */
export class QueryScan {
  /** The query, and then the masked one in its place: these are read faster than a text, above all one that was put together. */
  readonly #codes: Uint8Array
  /** How long the masked query is. */
  #length = 0
  #hash = 0

  /** @param longest how many characters a query has at most */
  constructor(longest: number) {
    // Behind a query is a 0, which no piece goes on with.
    this.#codes = new Uint8Array(longest + 1)
  }

  /**
   * @param dialect `masked` for one that is masked already
   * @returns whether the query has been masked; otherwise it is too long, or has something that takes a closer look
   */
  mask(query: string, dialect: Dialect | 'masked'): boolean {
    const codes = this.#codes
    const { length } = query
    // Outside ASCII, a character takes several bytes.
    if (length >= codes.length || encoder.encodeInto(query, codes).written !== length) return false
    codes[length] = 0
    return this.#maskCodes(length, characters[dialect])
  }

  #maskCodes(length: number, { begins, goesOn }: Characters): boolean {
    // Fields would take longer in a loop.
    const codes = this.#codes
    let masked = 0
    let hash = 0
    for (let at = 0; at < length; ) {
      const begun = begins[codes[at] ?? 0]
      let end = at + 1
      if (begun === WORD) end = wordEnd(codes, end, goesOn)
      else if (begun === NUMBER) end = endOf(codes, end, goesOn, IN_NUMBER)
      else if (begun !== PLAIN) end = rareEnd(codes, at, begun, goesOn)
      // Behind the query are pieces of those before it.
      if (end === -1 || end > length) return false
      if (begun === NUMBER || begun === TEXT) {
        at = end - 1
        codes[at] = QUESTION_MARK
      }
      // What is written is never ahead of what is read.
      for (; at < end; at++) {
        const code = codes[at] ?? 0
        codes[masked++] = code
        hash = (Math.imul(hash, 31) + code) | 0
      }
    }
    this.#length = masked
    this.#hash = hash
    return true
  }

  /** A hash of the masked query. */
  hash(): number {
    return this.#hash ^ (this.#hash >>> 8) ^ (this.#hash >>> 16)
  }

  /** The masked query. */
  codes(): Uint8Array {
    return this.#codes.slice(0, this.#length)
  }

  /** Whether the masked query is this one. */
  equals(masked: Uint8Array): boolean {
    const codes = this.#codes
    if (masked.length !== this.#length) return false
    for (let at = 0; at < masked.length; at++) if (codes[at] !== masked[at]) return false
    return true
  }
}

// Where pieces end; -1 for one that takes a closer look.

function wordEnd(codes: Uint8Array, from: number, goesOn: Uint8Array): number {
  const end = endOf(codes, from, goesOn, IN_WORD)
  const next = codes[end]
  return next === QUOTE || next === DOLLAR_SIGN ? -1 : end
}

function rareEnd(codes: Uint8Array, at: number, begun: number | undefined, goesOn: Uint8Array): number {
  const next = codes[at + 1] ?? 0
  if (begun === TEXT) return quoteEnd(codes, at, BACKSLASH)
  if (begun === NAME) return quoteEnd(codes, at, -1)
  if (begun === DOLLAR) return isDigit(next) ? endOf(codes, at + 1, goesOn, IN_PLACEHOLDER) : -1
  if ((begun === MINUS && next === DASH) || (begun === SLASH && next === ASTERISK) || begun === OTHER) return -1
  return at + 1
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function endOf(codes: Uint8Array, from: number, goesOn: Uint8Array, what: number): number {
  let end = from
  while (((goesOn[codes[end] ?? 0] ?? 0) & what) !== 0) end++
  return end
}

/** Behind the closing quote, where doubled ones stay inside; -1 if there is none, or the other character comes first. */
function quoteEnd(codes: Uint8Array, at: number, other: number): number {
  const quote = codes[at]
  for (let end = at + 1; end < codes.length; end++) {
    const code = codes[end]
    if (code === other) return -1
    if (code !== quote) continue
    if (codes[end + 1] !== quote) return end + 1
    end++
  }
  return -1
}
