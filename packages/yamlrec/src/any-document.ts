import type { PlainValue, Span } from '@trace/core'
import { SpanDraft, setEntry } from '@trace/core/text-file'
import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseDocument, type Scalar } from 'yaml'
import { plainValue } from './scalar.js'

/** Limits on what a document may expand to, far above what any recorder writes: others may write to a shared file. */
const MAX_NODES = 200_000
const MAX_DEPTH = 100
const MAX_ALIASES = 100
/** The YAML library takes about a second for a text of this size, and a hundred times its memory. */
const MAX_TEXT = 2 * 1024 * 1024

const ID_FIELDS: ReadonlySet<string> = new Set(['span_id', 'trace_id', 'parent_id'])
const INTEGER = /^[-+]?(?:\d+|0o[0-7]+|0x[\da-fA-F]+)$/
const FLOAT_TAG = 'tag:yaml.org,2002:float'
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/

/** Why a document is not a span. */
class NotASpan extends Error {}

/**
 * Reads a document of any form with the YAML library.
 *
 * @param text what is between the lines `---` and `...`
 * @returns the span, or why the document is not a span; never throws
 */
export function readAnyDocument(text: string): Span | string {
  if (text.length > MAX_TEXT)
    return `it is longer than ${MAX_TEXT} characters; only documents in the form that recorders write may be`
  if (CONTROL.test(text)) return 'it holds control characters, which YAML does not allow'
  try {
    // All scalars are read as text: their values are then found by one rule, here and for plain documents.
    const document = parseDocument(text, {
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      // Not `silent`, which ignores documents after the first.
      logLevel: 'error',
      prettyErrors: false,
      stringKeys: false,
    })
    const error = document.errors[0]
    if (error !== undefined) return `it is not YAML: ${firstLine(error.message)}`
    return new Walk(document).span()
  } catch (error) {
    if (error instanceof NotASpan) return error.message
    return `it cannot be read: ${firstLine(error instanceof Error ? error.message : String(error))}`
  }
}

function firstLine(message: string): string {
  return message.slice(0, 200).split('\n', 1)[0] ?? ''
}

type AnyNode = ParsedNode | null | undefined

class Walk {
  readonly #document: Document.Parsed
  #nodes = 0
  #aliases = 0

  constructor(document: Document.Parsed) {
    this.#document = document
  }

  span(): Span | string {
    const root: unknown = this.#document.contents
    if (!isMap<ParsedNode, ParsedNode | null>(root)) return 'it is not a map of keys to values'
    const draft = new SpanDraft()
    const keys = new Set<string>()
    for (const { key, value } of root.items) {
      const name = this.#key(key)
      if (keys.has(name)) return `it has the key ${JSON.stringify(name.slice(0, 80))} twice`
      keys.add(name)
      const item = ID_FIELDS.has(name) ? this.#id(value) : this.#value(value, 1)
      if (!draft.setField(name, item)) draft.setData(name, item)
    }
    return draft.finished()
  }

  #key(node: AnyNode): string {
    const key = this.#resolved(node)
    if (key === null || key === undefined) return ''
    if (isScalar(key)) return scalarSource(key)
    throw new NotASpan('it has a key that is a list or a map')
  }

  #value(node: AnyNode, depth: number): PlainValue {
    if (depth > MAX_DEPTH) throw new NotASpan(`it is nested deeper than ${MAX_DEPTH} levels`)
    if (++this.#nodes > MAX_NODES) throw new NotASpan(`it holds more than ${MAX_NODES} values`)
    const value = this.#resolved(node)
    if (value === null || value === undefined) return null
    if (isScalar(value)) return scalarValue(value)
    if (isSeq<ParsedNode>(value)) return value.items.map((item) => this.#value(item, depth + 1))
    const map: Record<string, PlainValue> = {}
    if (!isMap<ParsedNode, ParsedNode | null>(value)) throw new NotASpan('it holds an alias of an alias')
    for (const pair of value.items) {
      const name = this.#key(pair.key)
      if (Object.hasOwn(map, name)) throw new NotASpan(`it has the key ${JSON.stringify(name.slice(0, 80))} twice`)
      setEntry(map, name, this.#value(pair.value, depth + 1))
    }
    return map
  }

  /** An id must also be written as an integer: `1e3` and `12.0` were not meant as ids. */
  #id(node: AnyNode): PlainValue {
    const value = this.#value(node, 1)
    const scalar = this.#resolved(node)
    if (typeof value !== 'number' || !isScalar(scalar)) return value
    return scalar.tag !== FLOAT_TAG && INTEGER.test(scalarSource(scalar)) ? value : `a float, ${scalarSource(scalar)}`
  }

  #resolved(node: AnyNode): unknown {
    if (!isAlias(node)) return node
    if (++this.#aliases > MAX_ALIASES) throw new NotASpan(`it has more than ${MAX_ALIASES} aliases`)
    const target = node.resolve(this.#document)
    if (target === undefined) throw new NotASpan('it has an alias without an anchor')
    return target
  }
}

function scalarSource(scalar: Scalar): string {
  const text = typeof scalar.value === 'string' ? scalar.value : String(scalar.value ?? '')
  // YAML 1.1 takes U+2028 and U+2029 for line breaks, and the Go package so indents what follows them.
  return scalar.type === 'QUOTE_SINGLE' ? text.replace(/([\u2028\u2029]) +/g, '$1') : text
}

function scalarValue(scalar: Scalar): PlainValue {
  const text = scalarSource(scalar)
  switch (scalar.tag) {
    case undefined:
      return scalar.type === 'PLAIN' ? plainValue(text) : text
    case 'tag:yaml.org,2002:binary':
      // What the Go package writes for a string that is not UTF-8.
      return Buffer.from(text, 'base64').toString('utf8')
    case 'tag:yaml.org,2002:int':
    case FLOAT_TAG:
    case 'tag:yaml.org,2002:bool':
    case 'tag:yaml.org,2002:null':
      return plainValue(text)
    case 'tag:yaml.org,2002:str':
    case '!':
      return text
    default:
      return scalar.type === 'PLAIN' ? plainValue(text) : text
  }
}
