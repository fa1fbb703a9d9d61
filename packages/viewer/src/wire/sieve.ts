import { parseDuration, parseSearch, type Search, type Term } from '@trace/analysis'
import type { PlainData, Span } from '@trace/core/spans'
import { dataIndexOf } from './data-index.js'
import { type Columns, placeInColumns } from './read.js'
import { timesOf } from './table.js'
import { inverse, MAYBE, NO, SURE, type Verdicts } from './verdicts.js'

export { MAYBE, NO, SURE } from './verdicts.js'

/**
 * Tells of each span whether it meets a search, by its columns and by the text of its data as it came: so that only a few of a large
 * trace have to be parsed and looked at. What a condition means, `parseSearch` says: it is asked once for each word of the columns.
 */
export class Sieve {
  readonly #columns: Columns
  /** Where the spans are in the columns. */
  readonly #places: Uint32Array
  /** Where what is in the columns is among the spans. */
  readonly #order: Uint32Array
  readonly #postings = new Map<Part, Postings>()

  constructor(columns: Columns, places: Uint32Array) {
    this.#columns = columns
    this.#places = places
    // Beyond the end, and so nowhere, where a span is not among them.
    this.#order = new Uint32Array(columns.count).fill(places.length)
    for (let at = 0; at < places.length; at++) this.#order[places[at] ?? 0] = at
  }

  /** Makes ready what searches for words need, a part at each step. */
  *prepare(): Generator<void> {
    for (const part of PARTS) {
      this.#postingsOf(part)
      yield
    }
  }

  #postingsOf(part: Part): Postings {
    const { words, processes, kinds, names } = this.#columns
    const column = { process: processes, kind: kinds, name: names }[part]
    const postings = this.#postings.get(part) ?? new Postings(words, column, this.#places)
    this.#postings.set(part, postings)
    return postings
  }

  #markPart(part: Part, matches: Matches, verdicts: Verdicts): Verdicts {
    return this.#postingsOf(part).mark(verdicts, (word) => matches({ ...NOBODY, [part]: word }))
  }

  /**
   * A verdict on each span, in their order: {@link SURE} where it meets the search, {@link MAYBE} where the span itself must be asked.
   *
   * @param q a search without mistakes
   */
  verdicts(q: string): Verdicts {
    const [first = this.#all(SURE), ...others] = parseSearch(q).terms.map((term) => this.#ofTerm(term, q))
    for (const other of others) {
      for (let at = 0; at < first.length; at++) {
        const verdict = other[at] ?? NO
        if (verdict < (first[at] ?? NO)) first[at] = verdict
      }
    }
    return first
  }

  #all(verdict: number): Verdicts {
    return new Uint8Array(this.#places.length).fill(verdict)
  }

  #ofTerm(term: Term, q: string): Verdicts {
    const { negated, isKey, field = '', from, to } = term
    const { matches } = parseSearch(q.slice(from + (negated ? 1 : 0), to))
    const asked = { ...NOBODY }
    const test = (value: string | number): boolean => {
      asked.data = { [field]: value }
      return matches(asked)
    }
    const verdicts = isKey
      ? dataIndexOf(this.#columns).ofKey({ key: field, test }, this.#all(NO), this.#order)
      : term.field === undefined
        ? this.#ofWord(term.value ?? '', matches)
        : this.#ofField(term, matches)
    return negated ? inverse(verdicts) : verdicts
  }

  /** A word may be in the name, kind, process or data. */
  #ofWord(word: string, matches: Matches): Verdicts {
    const verdicts = this.#all(NO)
    for (const part of PARTS) this.#markPart(part, matches, verdicts)
    // Where all names have it, the data need not be looked through.
    return verdicts.includes(NO)
      ? dataIndexOf(this.#columns).ofWord(word.toLowerCase(), verdicts, this.#order)
      : verdicts
  }

  #ofField({ field = '', value = '' }: Term, matches: Matches): Verdicts {
    const part = PART_OF[field]
    if (part !== undefined) return this.#markPart(part, matches, this.#all(NO))
    const { traceIds } = this.#columns
    // Where all are of one trace, all are asked by one of them.
    if (field === 'trace' && traceIds.length === 1)
      return this.#all(matches({ ...NOBODY, traceId: traceIds[0] ?? 0n }) ? SURE : NO)
    if (field === 'id' && /^\d+$/.test(value)) return this.#ofId(BigInt(value))
    if (field === 'status') return this.#ofStatus(matches)
    return field === 'duration' ? this.#ofDuration(value) : this.#all(MAYBE)
  }

  #ofId(id: bigint): Verdicts {
    const verdicts = this.#all(NO)
    const { spanIds } = this.#columns
    for (let at = spanIds.indexOf(id); at >= 0; at = spanIds.indexOf(id, at + 1)) verdicts[this.#order[at] ?? 0] = MAYBE
    return verdicts
  }

  #ofStatus(matches: Matches): Verdicts {
    const verdicts = this.#all(matches(NOBODY) ? SURE : NO)
    const ofFailed = matches({ ...NOBODY, data: FAILED }) ? SURE : NO
    const { failed } = this.#columns
    for (let at = failed.indexOf(1); at >= 0; at = failed.indexOf(1, at + 1)) verdicts[this.#order[at] ?? 0] = ofFailed
    return verdicts
  }

  #ofDuration(value: string): Verdicts {
    const verdicts = this.#all(MAYBE)
    const [, operator = '', rest = ''] = /^([<>]=?)(.*)$/s.exec(value) ?? []
    const limit = Math.round(parseDuration(rest) ?? Number.NaN)
    if (operator === '' || Number.isNaN(limit)) return verdicts
    const { starts, finishes } = timesOf(this.#columns)
    const [sign, orEqual] = [operator.startsWith('<') ? -1 : 1, operator.endsWith('=')]
    for (let at = 0; at < verdicts.length; at++) {
      const place = this.#places[at] ?? 0
      const start = starts[place] ?? 0
      const finish = finishes[place] ?? 0
      const beyond = sign * (finish - start - limit)
      // Of an open span it is not a number.
      if (Number.isNaN(finish) || (Number.isSafeInteger(start) && Number.isSafeInteger(finish)))
        verdicts[at] = beyond > 0 || (beyond === 0 && orEqual) ? SURE : NO
    }
    return verdicts
  }
}

/** @returns undefined where spans came in another way than by columns, or by several texts */
export function sieveOf(spans: readonly Span[]): Sieve | undefined {
  const columns = spans[0] === undefined ? undefined : placeInColumns(spans[0])?.columns
  if (columns === undefined) return undefined
  const places = new Uint32Array(spans.length)
  for (let at = 0; at < places.length; at++) {
    const span = spans[at]
    const place = span === undefined ? undefined : placeInColumns(span)
    if (place?.columns !== columns) return undefined
    places[at] = place.at
  }
  return new Sieve(columns, places)
}

type Matches = Search['matches']

/** What of a span is one of the words of the columns. */
type Part = 'process' | 'kind' | 'name'

const PARTS: readonly Part[] = ['name', 'kind', 'process']

/** What fields of a search ask about. */
const PART_OF: Readonly<Record<string, Part>> = {
  service: 'process',
  process: 'process',
  host: 'process',
  kind: 'kind',
  name: 'name',
}

/** A span that has nothing but what is put into its copy, that a condition is to be asked about. */
const NOBODY: Span = {
  traceId: 1n,
  spanId: 1n,
  parentId: 0n,
  process: '',
  kind: '',
  name: '',
  start: 0n,
  finish: 0n,
  data: {},
}

/** Which spans have which word in a column: so that a search does nothing for those that do not have what it looks for. */
class Postings {
  readonly #words: readonly string[]
  /** The spans that have word n are from `#starts[n]` to before `#starts[n + 1]` of {@link Postings.#spans}. */
  readonly #starts: Uint32Array
  readonly #spans: Uint32Array

  /** @param column the words of spans, of which those at some places count */
  constructor(words: readonly string[], column: Uint32Array, places: Uint32Array) {
    this.#words = words
    const starts = new Uint32Array(words.length + 1)
    this.#starts = starts
    this.#spans = new Uint32Array(places.length)
    for (const place of places) starts[column[place] ?? 0] = (starts[column[place] ?? 0] ?? 0) + 1
    for (let word = 1; word < starts.length; word++) starts[word] = (starts[word] ?? 0) + (starts[word - 1] ?? 0)
    // They are the ends as yet: from the last span on, each goes down to its start.
    for (let at = places.length - 1; at >= 0; at--) {
      const word = column[places[at] ?? 0] ?? 0
      const place = (starts[word] ?? 0) - 1
      this.#spans[place] = at
      starts[word] = place
    }
  }

  /** Puts {@link SURE} on the spans whose word meets a condition. */
  mark(verdicts: Verdicts, test: (word: string) => boolean): Verdicts {
    for (let word = 0; word < this.#words.length; word++) {
      const from = this.#starts[word] ?? 0
      const end = this.#starts[word + 1] ?? 0
      if (end > from && test(this.#words[word] ?? ''))
        for (let at = from; at < end; at++) verdicts[this.#spans[at] ?? 0] = SURE
    }
    return verdicts
  }
}

const FAILED: PlainData = { 'error.type': 'Error' }
