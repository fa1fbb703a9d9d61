import type { PlainValue } from '@trace/core'
import { parseJson, plainJson } from '@trace/core/text-file'
import { plainValue } from './scalar.js'

/** How unquoted text begins that every YAML parser reads as one scalar on one line. It is more than recorders write. */
const FIRST = /^(?:[\w/\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff]|\.(?!\.\.)|-(?=[\d.]))/
/** What such text does not hold. */
const NOT_TEXT = /[^\w./@+=?&%(),;~$*!'\\\xa1-\u1fff\u2100-\u2fff\u3001-\ud7ff :-]|[ :](?:[ :]|$)/
const NOT_QUOTED = /["\x00-\x1f]/
const NOT_SINGLE_QUOTED = /['\x00-\x1f\u2028\u2029]/

/** These are in JSON; YAML reads them in another way. */
const SURROGATE = /\\u[dD]/

/** This parser cannot tell: the YAML library must read the document. */
export class Declined extends Error {}

/**
 * The value on the rest of a line.
 *
 * @throws {Declined} if it is not of the form that recorders write for plain data
 */
export function lineValue(text: string): PlainValue {
  switch (text.charCodeAt(0)) {
    case 0x22:
      return doubleQuoted(text)
    case 0x27:
      return singleQuoted(text)
    case 0x5b:
    case 0x7b:
      return flow(text)
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

/** Where text in double quotes ends, after its last quote; below 0 if it does not end. */
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
    // The escapes of JSON mean the same in YAML. JSON refuses all others.
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

/** A list or map on one line, as `spanToYaml` writes it: JSON that has bigints. */
function flow(text: string): PlainValue {
  if (text.includes('\\') && SURROGATE.test(text)) throw new Declined()
  try {
    return plainJson(parseJson(text))
  } catch {
    throw new Declined()
  }
}
