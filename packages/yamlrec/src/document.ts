import {
  dataKey,
  formatTime,
  isId,
  newData,
  type PlainData,
  type PlainValue,
  parseId,
  parseTime,
  type Span,
  storedKey,
} from '@trace/core'
import { numberText, quoted, stringText } from './scalar.js'

/** The longest key that may stand before its colon without `?` (YAML 1.2.2, 7.4.2; 1.1, 9.3.1), quotes included. */
const MAX_SIMPLE_KEY = 1_024

/**
 * A span as the YAML document that stands in the file: an empty line, `---`, a line for each field and data key, and
 * `...`. A field that is empty is left out.
 *
 * @returns text that begins and ends with a line break
 * @throws {RangeError} where a time is outside the years 0000 to 9999, or data is nested too deep or contains itself
 * @throws {TypeError} where data holds what is no plain value (see core's `toPlain`)
 */
export function spanToYaml(span: Span): string {
  let text = `\n---\nspan_id: ${span.spanId}\ntrace_id: ${span.traceId}\nparent_id: ${span.parentId}\n`
  if (span.process !== '') text += `process: ${stringText(span.process)}\n`
  if (span.kind !== '') text += `kind: ${stringText(span.kind)}\n`
  if (span.name !== '') text += `name: ${stringText(span.name)}\n`
  text += `start: "${formatTime(span.start)}"\n`
  if (span.finish !== undefined) text += `finish: "${formatTime(span.finish)}"\n`
  return `${text}${dataText(span.data)}...\n`
}

function dataText(data: PlainData): string {
  let text = ''
  for (const key in data) {
    if (!key.isWellFormed()) return dataText(wellFormedKeys(data))
    const name = stringText(storedKey(key))
    const value = valueText(data[key])
    text += name.length > MAX_SIMPLE_KEY ? `? ${name}\n: ${value}\n` : `${name}: ${value}\n`
  }
  return text
}

function valueText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return stringText(value)
    case 'object':
      return value === null ? 'null' : flowText(value)
    default:
      return scalarText(value)
  }
}

function scalarText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    default:
      throw new TypeError(`data holds ${typeof value}, which cannot be recorded; make it plain first (toPlain)`)
  }
}

/** Lists and maps on one line. Strings within are always quoted: YAML 1.1 takes fewer characters there. */
function flowText(value: Exclude<PlainValue, string | number | bigint | boolean | null>): string {
  let text = ''
  if (isList(value)) {
    for (const item of value) text += `${text === '' ? '' : ', '}${itemText(item)}`
    return `[${text}]`
  }
  for (const key in value) {
    if (!key.isWellFormed()) return flowText(wellFormedKeys(value))
    const name = quoted(key)
    const mark = name.length > MAX_SIMPLE_KEY ? '? ' : ''
    text += `${text === '' ? '' : ', '}${mark}${name}${mark === '' ? '' : ' '}: ${itemText(value[key])}`
  }
  return `{${text}}`
}

function itemText(value: PlainValue | undefined): string {
  if (typeof value === 'string') return quoted(value)
  return valueText(value)
}

function isList(value: PlainData | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value)
}

/** The same data with lone surrogates in its keys replaced, and no two keys made the same by that. */
function wellFormedKeys(data: PlainData): PlainData {
  const copy = newPlainData()
  for (const key in data) {
    let name = key.toWellFormed()
    while (name !== key && (Object.hasOwn(data, name) || Object.hasOwn(copy, name))) name += '\ufffd'
    copy[name] = data[key] ?? null
  }
  return copy
}

/** An empty map of data, whose `__proto__` is a key like any other. */
export function newPlainData(): Record<string, PlainValue> {
  const data: Record<string, unknown> = newData()
  return data as Record<string, PlainValue>
}

const SECOND_LENGTH = '2015-10-20T13:14:15'.length
let lastSecond = ''
let lastTime = 0n

/** {@link parseTime}, but faster where the second is that of the last call, as it mostly is in a file. */
function timeOf(text: string): bigint | undefined {
  const fraction = /^\.(\d{1,9})Z$/.exec(text.slice(SECOND_LENGTH))?.[1]
  if (fraction === undefined) return parseTime(text)
  const second = text.slice(0, SECOND_LENGTH)
  if (second !== lastSecond) {
    const time = parseTime(`${second}Z`)
    if (time === undefined) return undefined
    lastSecond = second
    lastTime = time
  }
  return lastTime + BigInt(fraction.padEnd(9, '0'))
}

/** A span while its document is read: takes the document's keys one by one. */
export class SpanDraft {
  #spanId: bigint | undefined
  #traceId: bigint | undefined
  #parentId: bigint | undefined
  #process = ''
  #kind = ''
  #name = ''
  #start: bigint | undefined
  #finish: bigint | undefined
  readonly #data = newPlainData()
  #wrong: string | undefined

  set(key: string, value: PlainValue): void {
    switch (key) {
      case 'span_id':
        this.#spanId = this.#id(key, value)
        return
      case 'trace_id':
        this.#traceId = this.#id(key, value)
        return
      case 'parent_id':
        this.#parentId = value === 0 || value === '0' ? 0n : this.#id(key, value)
        return
      case 'process':
        this.#process = this.#string(key, value)
        return
      case 'kind':
        this.#kind = this.#string(key, value)
        return
      case 'name':
        this.#name = this.#string(key, value)
        return
      case 'start':
        this.#start = this.#time(key, value)
        return
      case 'finish':
        this.#finish = this.#time(key, value)
        return
      default:
        this.#data[dataKey(key)] = value
    }
  }

  /** The span, or why the document is none. */
  finished(): Span | string {
    if (this.#wrong !== undefined) return this.#wrong
    if (this.#spanId === undefined) return 'it has no span_id'
    if (this.#traceId === undefined) return 'it has no trace_id'
    if (this.#parentId === undefined) return 'it has no parent_id'
    if (this.#start === undefined) return 'it has no start'
    return {
      spanId: this.#spanId,
      traceId: this.#traceId,
      parentId: this.#parentId,
      process: this.#process,
      kind: this.#kind,
      name: this.#name,
      start: this.#start,
      finish: this.#finish,
      data: this.#data,
    }
  }

  #id(key: string, value: PlainValue): bigint | undefined {
    if (isId(value)) return value
    const id = typeof value === 'object' || typeof value === 'boolean' ? undefined : parseId(String(value))
    if (id === undefined) this.#wrong ??= `its ${key} is no integer from ${key === 'parent_id' ? 0 : 1} to 2^64−1`
    return id
  }

  #string(key: string, value: PlainValue): string {
    if (typeof value === 'string') return value
    this.#wrong ??= `its ${key} is no string`
    return ''
  }

  #time(key: string, value: PlainValue): bigint | undefined {
    const time = typeof value === 'string' ? timeOf(value) : undefined
    if (time === undefined) this.#wrong ??= `its ${key} is no RFC 3339 time`
    return time
  }
}
