// Finds values in the data of many spans, as text: JSON, a line for each span. Each value at the top of a line has an entry that says where it
// is, so that a search parses no line that it can tell of by its text. Loops over all spans take no list apart: a browser that runs them for the first
// time makes the list and goes through it.
import type { Span } from '@trace/core/spans'
import { type Columns, placeInColumns } from './read.js'
import { MAYBE, NO, SURE, type Verdicts } from './verdicts.js'

const QUOTE = 34
const COMMA = 44
const ZERO = 48
const NINE = 57
const LIST = 91
const ESCAPE = 92
const LIST_END = 93
const MAP = 123
const MAP_END = 125

/** An entry is three numbers: twice its key, and 1 more where the text must be parsed; where the value begins; and where it ends. */
const ENTRY = 3

/** Tells of a value: a text or a number. */
type ValueTest = (value: string | number) => boolean

export interface KeyCondition {
  readonly key: string
  readonly test: ValueTest
}

export class DataIndex {
  readonly #columns: Columns
  /** Keys as JSON, and their numbers. */
  readonly #keys: string[] = []
  readonly #numbers = new Map<string, number>()
  /** The number of the key that followed another in the line where that was last: most lines have the same keys. */
  readonly #next: number[] = []
  #entries = new Uint32Array(ENTRY * 1_024)
  #end = 0
  /** How many lines have been read. */
  #lines = 0

  constructor(columns: Columns) {
    this.#columns = columns
  }

  /** Reads on. @param lines how many at most @returns whether there are more */
  read(lines: number): boolean {
    const { count } = this.#columns
    for (const to = Math.min(count, this.#lines + lines); this.#lines < to; this.#lines++) this.#readLine(this.#lines)
    return this.#lines < count
  }

  #readLine(line: number): void {
    const { text, dataFrom } = this.#columns
    const end = (dataFrom[line + 1] ?? 0) - 1
    let before = 0
    for (let at = (dataFrom[line] ?? 0) + 1; at < end && text.charCodeAt(at) === QUOTE; at++) {
      let number = this.#next[before] ?? -1
      const likely = this.#keys[number]
      if (likely !== undefined && text.startsWith(likely, at)) at += likely.length
      else {
        const keyAt = at
        for (at++; at < end && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === ESCAPE) at++
        number = this.#numberOf(text.slice(keyAt, ++at))
        this.#next[before] = number
      }
      before = number + 1
      const from = at + 1
      let depth = 0
      let isText = false
      let isParsed = 0
      for (at = from; at < end; at++) {
        const code = text.charCodeAt(at)
        if (isText) {
          if (code === QUOTE) isText = false
          else if (code === ESCAPE) at += isParsed = 1
        } else if (code === QUOTE) isText = true
        else if (code === LIST || code === MAP) depth += isParsed = 1
        else if (code === COMMA || code === LIST_END || code === MAP_END) {
          if (depth === 0) break
          if (code !== COMMA) depth--
        }
      }
      this.#add(2 * number + isParsed, from, at)
    }
  }

  #numberOf(key: string): number {
    const number = this.#numbers.get(key) ?? this.#keys.length
    if (number === this.#keys.length) {
      this.#keys.push(key)
      this.#numbers.set(key, number)
    }
    return number
  }

  #add(key: number, from: number, to: number): void {
    if (this.#end === this.#entries.length) {
      const more = new Uint32Array(2 * this.#end)
      more.set(this.#entries)
      this.#entries = more
    }
    this.#entries[this.#end++] = key
    this.#entries[this.#end++] = from
    this.#entries[this.#end++] = to
  }

  /**
   * Whether a value in the data has a word in it.
   *
   * @param word in lower case
   * @param verdicts what is known without the data: {@link SURE} stays so
   * @param order where each line is among the verdicts
   */
  ofWord(word: string, verdicts: Verdicts, order: Uint32Array): Verdicts {
    const lower = lowerTextOf(this.#columns)
    // Half of a character is not in JSON, and the Greek s is one of two by what stands beside it.
    if (lower === undefined || /[\ud800-\udfffσς]/u.test(word)) return verdicts.map((each) => Math.max(each, MAYBE))
    this.read(Infinity)
    const { dataFrom } = this.#columns
    const entries = this.#entries
    const begin = dataFrom[0] ?? 0
    const part = JSON.stringify(word).slice(1, -1)
    let [entry, line] = [0, 0]
    for (let at = lower.indexOf(part); at >= 0; at = lower.indexOf(part, at - begin)) {
      at += begin
      while (entry < this.#end && (entries[entry + 2] ?? 0) <= at) entry += ENTRY
      if (entry === this.#end) break
      const key = entries[entry] ?? 0
      const from = entries[entry + 1] ?? 0
      const to = entries[entry + 2] ?? 0
      // What is in a key, or goes on beyond a value, is in no value.
      if (at < from || at + part.length > to) {
        at = Math.max(at + 1, from)
        continue
      }
      while ((dataFrom[line + 1] ?? Infinity) <= at) line++
      const span = order[line] ?? 0
      const verdict = Math.max(verdicts[span] ?? SURE, key % 2 === 1 ? MAYBE : SURE)
      verdicts[span] = verdict
      at = verdict === SURE ? (dataFrom[line + 1] ?? 0) : to
    }
    return verdicts
  }

  /**
   * Whether a key of the data has a value that meets a condition.
   *
   * @param verdicts {@link NO}, all of them
   * @param order where each line is among the verdicts
   */
  ofKey({ key, test }: KeyCondition, verdicts: Verdicts, order: Uint32Array): Verdicts {
    this.read(Infinity)
    const { text, dataFrom } = this.#columns
    const entries = this.#entries
    const own = this.#numbers.get(JSON.stringify(key)) ?? -1
    // A key with dots may lead into maps.
    const outer = new Set<number | undefined>()
    for (let dot = key.indexOf('.'); dot > 0; dot = key.indexOf('.', dot + 1))
      outer.add(this.#numbers.get(JSON.stringify(key.slice(0, dot))))
    const known = onceEach(test)
    let [line, last] = [0, -1]
    for (let entry = 0; entry < this.#end; entry += ENTRY) {
      const code = entries[entry] ?? 0
      const from = entries[entry + 1] ?? 0
      const isOwn = code >> 1 === own
      if (!isOwn && (!outer.has(code >> 1) || text.charCodeAt(from) !== MAP)) continue
      while ((dataFrom[line + 1] ?? Infinity) <= from) line++
      if (isOwn) {
        last = line
        verdicts[order[line] ?? 0] = this.#verdictOn(entry, known)
      } else if (last !== line) verdicts[order[line] ?? 0] = MAYBE
    }
    return verdicts
  }

  #verdictOn(entry: number, test: ValueTest): number {
    const { text } = this.#columns
    const isParsed = (this.#entries[entry] ?? 0) % 2 === 1
    const from = this.#entries[entry + 1] ?? 0
    const to = this.#entries[entry + 2] ?? 0
    if (text.charCodeAt(from) !== QUOTE) return isParsed ? MAYBE : test(bareValue(text, from, to)) ? SURE : NO
    return test(isParsed ? (JSON.parse(text.slice(from, to)) as string) : text.slice(from + 1, to - 1)) ? SURE : NO
  }
}

/** As many values are remembered. */
const MOST_KNOWN = 1_000

/** Asks once about each value: most keys have a few values. */
function onceEach(test: ValueTest): ValueTest {
  const known = new Map<string | number, boolean>()
  return (value) => {
    if (known.size === MOST_KNOWN) return test(value)
    const found = known.get(value) ?? test(value)
    known.set(value, found)
    return found
  }
}

/** A number; or true, false and null as texts. A short integer, as most are, is read without a text of its own. */
function bareValue(text: string, from: number, to: number): string | number {
  let integer = 0
  let at = from
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE && at < from + 9; code = text.charCodeAt(++at))
    integer = integer * 10 + code - ZERO
  if (at === to) return integer
  const token = text.slice(from, to)
  return Number.isNaN(Number(token)) ? token : Number(token)
}

const lowered = new WeakMap<Columns, string>()

/** All data in lower case; undefined where that has another length, as a few letters have. */
function lowerTextOf(columns: Columns): string | undefined {
  const { text, dataFrom } = columns
  const [from = 0] = dataFrom
  const lower = lowered.get(columns) ?? text.slice(from).toLowerCase()
  lowered.set(columns, lower)
  return lower.length === text.length - from ? lower : undefined
}

const indexed = new WeakMap<Columns, DataIndex>()

export function dataIndexOf(columns: Columns): DataIndex {
  const index = indexed.get(columns) ?? new DataIndex(columns)
  indexed.set(columns, index)
  return index
}

/** As much is made ready at once, in characters and lines: less than a frame takes. */
const SLICE = 1_000_000
const LINES = 4_000

/** Makes ready what a search needs, a slice at each step, so that the first search takes no longer than others. */
export function* prepareSearch(spans: readonly Span[]): Generator<void> {
  const columns = spans[0] === undefined ? undefined : placeInColumns(spans[0])?.columns
  if (columns === undefined) return
  const index = dataIndexOf(columns)
  while (index.read(LINES)) yield
  const { text, dataFrom } = columns
  const parts: string[] = []
  for (let at = dataFrom[0] ?? 0; at < text.length && !lowered.has(columns); at += SLICE) {
    parts.push(text.slice(at, at + SLICE).toLowerCase())
    yield
  }
  if (!lowered.has(columns)) lowered.set(columns, parts.join(''))
}
