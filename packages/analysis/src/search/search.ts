import type { PlainValue, Span } from '@trace/core/spans'
import { SearchError } from './error.js'
import { FIELDS, isExact, nearestField, type SpanTest } from './fields.js'
import { type Term, termsOf } from './terms.js'
import { compares, comparisonOf, dataValue, isMap, someText, textTest } from './values.js'

/** A search that has been understood. */
export interface Search {
  readonly text: string
  readonly terms: readonly Term[]
  /** Whether a span meets all conditions. */
  readonly matches: (span: Span) => boolean
  /** The conditions for `TraceReader.traces`: only traces with a span that meets them all. Empty if there are none. */
  readonly query: { readonly service?: string; readonly where?: (span: Span) => boolean }
}

/**
 * Reads a search: conditions on a span, with spaces between them, which must all be met. A minus before a condition negates it.
 *
 * | condition                                   | spans                                                               |
 * | ------------------------------------------- | ------------------------------------------------------------------- |
 * | `word`, `"a phrase"`                        | with this text in their name, kind, process or data, in any case    |
 * | `kind:db`, `service:orders`, `name:"GET /"` | where it equals this; `*` outside of quotes stands for any text     |
 * | `process:…`, `host:…`, `trace:42`, `id:43`  | likewise                                                            |
 * | `@user.id:42`, `@rows:>100`, `@key`         | with this value in their data, a number beyond it, any value at all |
 * | `duration:>100ms`                           | that took longer; `<`, `>=`, `<=`; ns, us, ms, s, m, h              |
 * | `status:error`, `status:ok`                 | that failed, or did not                                             |
 * | `span:open`, `span:finished`, `span:root`   | that are stored as open, or not; that have no parent                |
 *
 * @throws {SearchError} `TRACE_BAD_SEARCH` points at the mistake, and says what was expected
 */
export function parseSearch(text: string): Search {
  const terms = termsOf(text)
  const tests = terms.map((term) => testOf(text, term))
  const matches = (span: Span): boolean => tests.every((test) => test(span))
  const service = terms.find((term) => term.field === 'service' && !term.isKey && isExact(term))?.value
  const pushed = service === undefined ? {} : { service }
  return { text, terms, matches, query: tests.length === 0 ? {} : { ...pushed, where: matches } }
}

function testOf(text: string, term: Term): SpanTest {
  const test = positiveTestOf(text, term)
  return term.negated ? (span) => !test(span) : test
}

function positiveTestOf(text: string, term: Term): SpanTest {
  const { field, value } = term
  if (field === undefined) return wordTest(value ?? '')
  if (term.isKey) return keyTest(text, term, field)
  if (!Object.hasOwn(FIELDS, field)) throw unknownField(text, term, field)
  const known = FIELDS[field]
  const test = known?.test(value ?? '', term.quoted)
  if (test !== undefined) return test
  throw new SearchError(text, term.valueAt, term.to, `${field}: expected ${known?.expected}`)
}

function unknownField(text: string, term: Term, field: string): SearchError {
  const from = term.from + (term.negated ? 1 : 0)
  const nearest = nearestField(field)
  const known =
    nearest === undefined ? `the fields are ${Object.keys(FIELDS).join(', ')}.` : `did you mean ${nearest}:?`
  const reason = `unknown field; ${known} Data keys begin with @. Text with a colon stands in quotes.`
  return new SearchError(text, from, from + field.length, reason)
}

function wordTest(word: string): SpanTest {
  const wanted = word.toLowerCase()
  const test = (text: string): boolean => text.toLowerCase().includes(wanted)
  return ({ name, kind, process, data }) => test(name) || test(kind) || test(process) || someText(data, test)
}

function keyTest(text: string, term: Term, key: string): SpanTest {
  const { value, quoted } = term
  if (value === undefined || (value === '*' && !quoted)) return ({ data }) => dataValue(data, key) !== undefined
  if (value === '' && !quoted) {
    throw new SearchError(
      text,
      term.valueAt,
      term.to,
      `expected a value of ${key}, such as 42, "some text", >100, or *`,
    )
  }
  const comparison = quoted ? undefined : comparisonOf(value)
  const test = comparison === undefined ? equalTest(value, quoted) : numberTest(text, term, comparison)
  return ({ data }) => {
    const found = dataValue(data, key)
    return found !== undefined && test(found)
  }
}

function equalTest(value: string, quoted: boolean): (found: PlainValue) => boolean {
  const test = textTest(value, quoted)
  return (found) => (isMap(found) ? false : someText(found, test))
}

function numberTest(
  text: string,
  term: Term,
  { operator, rest }: NonNullable<ReturnType<typeof comparisonOf>>,
): (found: PlainValue) => boolean {
  const limit = Number(rest)
  if (rest.trim() === '' || Number.isNaN(limit)) {
    throw new SearchError(text, term.valueAt + operator.length, term.to, `expected a number behind ${operator}`)
  }
  return (found) => {
    if (typeof found === 'number' || typeof found === 'bigint') return compares(Number(found), operator, limit)
    return Array.isArray(found) && found.some((each) => typeof each === 'number' && compares(each, operator, limit))
  }
}
