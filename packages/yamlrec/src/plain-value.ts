import type { PlainValue } from '@trace/core'
import { newPlainData } from '@trace/core/text-file'
import { plainValue } from './scalar.js'

/** Unquoted text that no YAML parser can see as anything but one scalar on one line, wider than what is written: so it begins. */
const FIRST = /^(?:[\w/\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff]|\.(?!\.\.)|-(?=[\d.]))/
/** And this it does not hold. */
const NOT_TEXT = /[^\w./@+=?&%(),;~$*!'\\\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff :-]|[ :](?:[ :]|$)/
const NOT_QUOTED = /["\x00-\x1f]/
const NOT_SINGLE_QUOTED = /['\x00-\x1f\u2028\u2029]/

/** A number or a word within a list or map; other text is quoted there. */
const FLOW_SCALAR = /[-.\w+]{1,3000}/y
const MAX_DEPTH = 64

/** The parser cannot tell; the document is one for the YAML library. */
export class Declined extends Error {}

/**
 * The value that stands on the rest of a line.
 *
 * @throws {Declined} where it is not of the form that recorders write for plain data
 */
export function lineValue(text: string): PlainValue {
  switch (text.charCodeAt(0)) {
    case 0x22:
      return doubleQuoted(text)
    case 0x27:
      return singleQuoted(text)
    case 0x5b:
    case 0x7b:
      return new FlowText(text).whole()
    default:
      return plainValue(unquoted(text))
  }
}

/**
 * A key as text.
 *
 * @throws {Declined} as {@link lineValue} does
 */
export function keyText(text: string): string {
  return text.startsWith('"') ? doubleQuoted(text) : unquoted(text)
}

/** Where text in double quotes ends, after its last quote; below 0 where it does not end. */
export function quotedEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code === 0x5c) at++
  }
  return -1
}

function unquoted(text: string): string {
  if (!FIRST.test(text) || NOT_TEXT.test(text)) throw new Declined()
  return text
}

function doubleQuoted(text: string): string {
  if (text.length < 2 || !text.endsWith('"')) throw new Declined()
  if (!text.includes('\\')) {
    const inner = text.slice(1, -1)
    if (NOT_QUOTED.test(inner)) throw new Declined()
    return inner
  }
  try {
    // The escapes of JSON mean the same in YAML; where there are others, JSON refuses.
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string' && value.isWellFormed()) return value
  } catch {
    // Declined below.
  }
  throw new Declined()
}

function singleQuoted(text: string): string {
  const inner = text.slice(1, -1)
  if (text.length < 2 || !text.endsWith("'") || NOT_SINGLE_QUOTED.test(inner.replaceAll("''", ''))) throw new Declined()
  return inner.replaceAll("''", "'")
}

/** A list or map on one line, as `spanToYaml` writes them. */
class FlowText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): PlainValue {
    const value = this.#value(0)
    if (this.#at !== this.#text.length) throw new Declined()
    return value
  }

  #value(depth: number): PlainValue {
    if (depth > MAX_DEPTH) throw new Declined()
    switch (this.#text[this.#at]) {
      case '[':
        return this.#list(depth)
      case '{':
        return this.#map(depth)
      case '"':
        return this.#quoted()
      default:
        return this.#scalar()
    }
  }

  #list(depth: number): PlainValue[] {
    const list: PlainValue[] = []
    while (this.#goesOn(']', list.length === 0)) list.push(this.#value(depth + 1))
    return list
  }

  #map(depth: number): PlainValue {
    const map = newPlainData()
    for (let first = true; this.#goesOn('}', first); first = false) {
      const key = this.#quoted()
      if (Object.hasOwn(map, key)) throw new Declined()
      this.#take(': ')
      map[key] = this.#value(depth + 1)
    }
    return map
  }

  /** Whether a list or map has another item; goes to it, or behind the end. */
  #goesOn(close: string, first: boolean): boolean {
    // The opening bracket, or nothing where an item went before.
    if (first) this.#at++
    if (this.#text[this.#at] !== close) {
      if (!first) this.#take(', ')
      return true
    }
    this.#at++
    return false
  }

  #take(text: string): void {
    if (!this.#text.startsWith(text, this.#at)) throw new Declined()
    this.#at += text.length
  }

  #quoted(): string {
    const end = this.#text[this.#at] === '"' ? quotedEnd(this.#text, this.#at) : -1
    if (end < 0) throw new Declined()
    const text = this.#text.slice(this.#at, end)
    this.#at = end
    return doubleQuoted(text)
  }

  #scalar(): PlainValue {
    FLOW_SCALAR.lastIndex = this.#at
    const text = FLOW_SCALAR.exec(this.#text)?.[0]
    const value = text === undefined ? '' : plainValue(text)
    if (text === undefined || typeof value === 'string') throw new Declined()
    this.#at += text.length
    return value
  }
}
