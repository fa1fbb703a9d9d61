import type { PlainValue, Span } from '@trace/core'
import { newPlainData, SpanDraft } from '@trace/core/files'
import { plainValue } from './scalar.js'

/** Unquoted text that no YAML parser can see as anything but one scalar on one line. Wider than what is written. */
const UNQUOTED =
  /^(?:[\w/\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff]|\.(?!\.\.)|-(?=[\d.]))(?:[ :]?[\w./@+=?&%(),;~$*!'\\\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff-])*$/
const DOUBLE_QUOTED = /^"[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*"$/
const SINGLE_QUOTED = /^'(?:[^'\x00-\x1f\u2028\u2029]|'')*'$/

/** One token of a list or map on one line, as `spanToYaml` writes them. */
const TOKEN = /[[\]{},:]|"[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*"|[-.\w+]+/y
const MAX_DEPTH = 64

/** The parser cannot tell; the document is one for the YAML library. */
class Declined extends Error {}

/**
 * Reads the documents that this package and the original write for plain data: a line for each key, its value a scalar or
 * a list or map of the written form. About fifty times faster than a YAML library, to which it leaves all else.
 *
 * @param text what stands between the lines `---` and `...`, with a line break at its end
 * @returns the span; why the document is none; or undefined where the document is not of that form
 */
export function readPlainDocument(text: string): Span | string | undefined {
  const draft = new SpanDraft()
  const keys = new Set<string>()
  try {
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at)
      if (end < 0) return undefined
      const value = end > at ? valueStart(text, at, end) : -1
      if (value < 0) return undefined
      const key = keyOf(text.slice(at, value - 2))
      if (keys.has(key)) return undefined
      keys.add(key)
      const item = lineValue(text.slice(value, end))
      if (!draft.setField(key, item)) draft.setData(key, item)
      at = end + 1
    }
  } catch (error) {
    if (error instanceof Declined) return undefined
    throw error
  }
  return draft.finished()
}

/** Where the value begins on a line `key: value`; below 0 where the line is not of that kind. */
function valueStart(text: string, at: number, end: number): number {
  let from = at
  if (text.charCodeAt(at) === 0x22) {
    from = at + 1
    while (text.charCodeAt(from) !== 0x22) {
      if (from >= end) return -1
      from += text.charCodeAt(from) === 0x5c ? 2 : 1
    }
    return text.startsWith(': ', from + 1) ? from + 3 : -1
  }
  const colon = text.indexOf(': ', from)
  return colon < 0 || colon > end - 3 || colon - at > 1_000 ? -1 : colon + 2
}

function keyOf(text: string): string {
  if (text.charCodeAt(0) === 0x22) {
    if (text.length > 1_000) throw new Declined()
    return unquoted(text)
  }
  if (!UNQUOTED.test(text)) throw new Declined()
  return text
}

function lineValue(text: string): PlainValue {
  switch (text.charCodeAt(0)) {
    case 0x22:
      return unquoted(text)
    case 0x27:
      if (!SINGLE_QUOTED.test(text)) throw new Declined()
      return text.slice(1, -1).replaceAll("''", "'")
    case 0x5b:
    case 0x7b:
      return new FlowText(text).whole()
    default:
      if (!UNQUOTED.test(text)) throw new Declined()
      return plainValue(text)
  }
}

function unquoted(text: string): string {
  if (!DOUBLE_QUOTED.test(text)) throw new Declined()
  if (!text.includes('\\')) return text.slice(1, -1)
  try {
    // The escapes of JSON mean the same in YAML; where there are others, JSON refuses.
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string' && value.isWellFormed()) return value
  } catch {
    // Declined below.
  }
  throw new Declined()
}

class FlowText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): PlainValue {
    const value = this.#value(this.#token(), 0)
    if (this.#at !== this.#text.length) throw new Declined()
    return value
  }

  #token(): string {
    TOKEN.lastIndex = this.#at
    const token = TOKEN.exec(this.#text)?.[0]
    if (token === undefined) throw new Declined()
    this.#at += token.length
    return token
  }

  #blank(): void {
    if (this.#text.charCodeAt(this.#at) !== 0x20) throw new Declined()
    this.#at++
  }

  #value(token: string, depth: number): PlainValue {
    if (depth > MAX_DEPTH) throw new Declined()
    switch (token.charCodeAt(0)) {
      case 0x5b:
        return this.#list(depth)
      case 0x7b:
        return this.#map(depth)
      case 0x22:
        return unquoted(token)
      default: {
        const value = plainValue(token)
        if (typeof value === 'string') throw new Declined()
        return value
      }
    }
  }

  #list(depth: number): PlainValue[] {
    const list: PlainValue[] = []
    let token = this.#token()
    if (token === ']') return list
    for (;;) {
      list.push(this.#value(token, depth + 1))
      const next = this.#token()
      if (next === ']') return list
      if (next !== ',') throw new Declined()
      this.#blank()
      token = this.#token()
    }
  }

  #map(depth: number): PlainValue {
    const map = newPlainData()
    let token = this.#token()
    if (token === '}') return map
    for (;;) {
      if (token.charCodeAt(0) !== 0x22) throw new Declined()
      const key = unquoted(token)
      if (Object.hasOwn(map, key) || this.#token() !== ':') throw new Declined()
      this.#blank()
      map[key] = this.#value(this.#token(), depth + 1)
      const next = this.#token()
      if (next === '}') return map
      if (next !== ',') throw new Declined()
      this.#blank()
      token = this.#token()
    }
  }
}
