import { DATA_KEYS, onOneLine, type PlainValue, type Span } from '@trace/core/spans'

/** How many lines of a stack are printed, and how many errors behind one; anybody may have written what is read from a store. */
const MOST_FRAMES = 20
const MOST_ERRORS = 50
const MOST_LEVELS = 16

type Entry = Readonly<Record<string, PlainValue>>

/** The stack of the error that a span failed with, its causes and its parts, in lines; none if that is not recorded. */
export function failureLines(span: Span): string[] {
  const keys = [DATA_KEYS.errorStack, DATA_KEYS.errorCause, DATA_KEYS.errorParts]
  if (!keys.some((key) => Object.hasOwn(span.data, key))) return []
  const { data } = span
  const entry = {
    type: entryOf(data, DATA_KEYS.errorType),
    message: entryOf(data, DATA_KEYS.errorMessage),
    stack: entryOf(data, DATA_KEYS.errorStack),
    cause: entryOf(data, DATA_KEYS.errorCause),
    errors: entryOf(data, DATA_KEYS.errorParts),
  }
  const printer = new Printer()
  printer.error('', entry, 1)
  return printer.lines
}

class Printer {
  readonly lines: string[] = []
  #left = MOST_ERRORS

  /** @param before what stands before its type: how it is related to the one above */
  error(before: string, entry: PlainValue, level: number): void {
    if (this.#left-- <= 0 || level > MOST_LEVELS) return
    const indent = '  '.repeat(level)
    // Where a list was cut, its last item is a text that says so.
    if (!isMap(entry)) {
      this.#add(indent, before + textOf(entry))
      return
    }
    this.#add(indent, `${before}${textOf(entryOf(entry, 'type'))}: ${textOf(entryOf(entry, 'message'))}`)
    this.#frames(`${indent}    `, entryOf(entry, 'stack'))
    const parts = listOf(entryOf(entry, 'errors'))
    for (const [index, part] of parts.entries()) this.error(isMap(part) ? `(${index + 1}) ` : '', part, level + 1)
    for (const cause of listOf(entryOf(entry, 'cause'))) this.error('caused by ', cause, level)
  }

  /** The lines of a stack without the first ones, which repeat the message. */
  #frames(indent: string, stack: PlainValue): void {
    if (typeof stack !== 'string') return
    const lines = stack.split('\n')
    const first = lines.findIndex((line) => /^\s+at /.test(line))
    const frames = lines.slice(first < 0 ? 1 : first)
    for (const frame of frames.slice(0, MOST_FRAMES)) this.#add(indent, frame.trim())
    if (frames.length > MOST_FRAMES) this.#add(indent, `… ${frames.length - MOST_FRAMES} more`)
  }

  #add(indent: string, text: string): void {
    this.lines.push(indent + onOneLine(text))
  }
}

function entryOf(map: Entry, key: string): PlainValue {
  return (Object.hasOwn(map, key) ? map[key] : undefined) ?? null
}

function isMap(value: PlainValue): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: PlainValue): readonly PlainValue[] {
  return Array.isArray(value) ? value : []
}

/** A value where a text is expected. */
export function textOf(value: PlainValue): string {
  if (value === null) return ''
  return typeof value === 'object' ? '…' : String(value)
}
