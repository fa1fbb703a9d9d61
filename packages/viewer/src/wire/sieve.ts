import { parseDuration, parseSearch, type Search, type Term } from '@trace/analysis'
import type { PlainData, Span } from '@trace/core/spans'
import { lineVerdicts, lowerTextOf, valueVerdicts } from './data-lines.js'
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

  constructor(columns: Columns, places: Uint32Array) {
    this.#columns = columns
    this.#places = places
  }

  /**
   * A verdict on each span, in their order: {@link SURE} where it meets the search, {@link MAYBE} where the span itself must be asked.
   *
   * @param q a search without mistakes
   */
  verdicts(q: string): Uint8Array {
    const { terms } = parseSearch(q)
    const whole = new Uint8Array(this.#places.length).fill(SURE)
    for (const term of terms) {
      const ofTerm = verdictsOf(this.#columns, term, q)
      for (let at = 0; at < whole.length; at++) {
        const verdict = ofTerm[this.#places[at] ?? 0] ?? MAYBE
        if (verdict < (whole[at] ?? NO)) whole[at] = verdict
      }
    }
    return whole
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

/** By place in the columns. */
function verdictsOf(columns: Columns, term: Term, q: string): Verdicts {
  const { negated, isKey, field, from, to } = term
  const { matches } = parseSearch(q.slice(from + (negated ? 1 : 0), to))
  const verdicts = isKey
    ? valueVerdicts(columns, field ?? '', (value) => matches(spanWith({ data: { [field ?? '']: value } })))
    : field === undefined
      ? wordVerdicts(columns, term.value ?? '', matches)
      : fieldVerdicts(columns, term, matches)
  return negated ? inverse(verdicts) : verdicts
}

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

/** A span that has nothing but what a condition is to be asked about. */
function spanWith(parts: Partial<Span>): Span {
  return { ...NOBODY, ...parts }
}

/** A word may be in the name, kind, process or data. */
function wordVerdicts(columns: Columns, value: string, matches: Matches): Verdicts {
  const ofWords = Uint8Array.from(columns.words, (name) => (matches(spanWith({ name })) ? SURE : NO))
  const verdicts = new Uint8Array(columns.count)
  for (const places of ofWords.includes(SURE) ? [columns.names, columns.kinds, columns.processes] : []) {
    for (let at = 0; at < verdicts.length; at++) if (ofWords[places[at] ?? 0] === SURE) verdicts[at] = SURE
  }
  // Where all names have it, the data need not be looked through.
  return verdicts.includes(NO) ? lineVerdicts(columns, lowerTextOf(columns), value.toLowerCase(), verdicts) : verdicts
}

function fieldVerdicts(columns: Columns, { field, value }: Term, matches: Matches): Verdicts {
  switch (field) {
    case 'service':
    case 'process':
    case 'host':
      return byWord(columns, columns.processes, (process) => matches(spanWith({ process })))
    case 'kind':
      return byWord(columns, columns.kinds, (kind) => matches(spanWith({ kind })))
    case 'name':
      return byWord(columns, columns.names, (name) => matches(spanWith({ name })))
    case 'status':
      return statusVerdicts(columns, matches)
    case 'duration':
      return durationVerdicts(columns, value ?? '')
    default:
      return new Uint8Array(columns.count).fill(MAYBE)
  }
}

function byWord({ count, words }: Columns, places: Uint32Array, test: (word: string) => boolean): Verdicts {
  const known = new Map<number, number>()
  const verdicts = new Uint8Array(count)
  for (let at = 0; at < count; at++) {
    const place = places[at] ?? 0
    let verdict = known.get(place)
    if (verdict === undefined) {
      verdict = test(words[place] ?? '') ? SURE : NO
      known.set(place, verdict)
    }
    verdicts[at] = verdict
  }
  return verdicts
}

const FAILED: PlainData = { 'error.type': 'Error' }

function statusVerdicts({ failed }: Columns, matches: Matches): Verdicts {
  const [ofFailed, ofOthers] = [matches(spanWith({ data: FAILED })), matches(NOBODY)]
  return failed.map((each) => ((each === 1 ? ofFailed : ofOthers) ? SURE : NO))
}

function durationVerdicts(columns: Columns, value: string): Verdicts {
  const verdicts = new Uint8Array(columns.count).fill(MAYBE)
  const [, operator = '', rest = ''] = /^([<>]=?)(.*)$/s.exec(value) ?? []
  const limit = Math.round(parseDuration(rest) ?? Number.NaN)
  if (operator === '' || Number.isNaN(limit)) return verdicts
  const { starts, finishes } = timesOf(columns)
  for (let at = 0; at < verdicts.length; at++) {
    const [start = 0, finish = 0] = [starts[at], finishes[at]]
    const duration = finish - start
    const beyond = operator.startsWith('<') ? limit - duration : duration - limit
    const isMet = beyond > 0 || (beyond === 0 && operator.endsWith('='))
    // Of an open span it is not a number.
    if (Number.isNaN(finish) || (Number.isSafeInteger(start) && Number.isSafeInteger(finish)))
      verdicts[at] = isMet ? SURE : NO
  }
  return verdicts
}
