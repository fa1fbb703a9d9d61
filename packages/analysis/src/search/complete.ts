import { FIELDS } from './fields.js'

/** What is known of the spans that will be searched. */
export interface KnownValues {
  readonly services?: Iterable<string>
  readonly kinds?: Iterable<string>
  readonly names?: Iterable<string>
  readonly hosts?: Iterable<string>
  /** Data keys. */
  readonly keys?: Iterable<string>
}

/** How a search may go on. */
export interface Completion {
  /** `text.slice(from, to)` is replaced. */
  readonly from: number
  readonly to: number
  /** What it may be replaced by, sorted. */
  readonly options: readonly string[]
}

const MOST_OPTIONS = 50

/**
 * Completes the field or value at a place in a search.
 *
 * @param cursor where: default at the end
 */
export function completeSearch(text: string, known: KnownValues = {}, cursor: number = text.length): Completion {
  const [term = ''] = /(?:[^\s"]|"(?:[^"\\]|\\.)*"?)*$/.exec(text.slice(0, cursor)) ?? []
  const from = cursor - term.length
  const begin = from + (term.startsWith('-') ? 1 : 0)
  const typed = text.slice(begin, cursor)
  const colon = typed.startsWith('@') ? -1 : typed.indexOf(':')
  if (colon < 0) return { from: begin, to: cursor, options: matching(typed, beginnings(known)) }
  const field = typed.slice(0, colon)
  const values = [...valuesOf(field, known)].map((value) =>
    /^[^\s"*<>-][^\s"*]*$/.test(value) ? value : quoted(value),
  )
  const isChoice = Object.hasOwn(FIELDS, field) && (FIELDS[field]?.values.length ?? 0) > 0
  return {
    from: begin + colon + 1,
    to: cursor,
    options: matching(typed.slice(colon + 1), isChoice ? (FIELDS[field]?.values ?? []) : values),
  }
}

function beginnings({ keys = [] }: KnownValues): string[] {
  const fields = Object.keys(FIELDS).map((field) => `${field}:`)
  return [...fields, ...Array.from(keys, (key) => `@${/^[^\s":]+$/.test(key) ? key : quoted(key)}:`)]
}

function valuesOf(field: string, known: KnownValues): Iterable<string> {
  if (field === 'service') return known.services ?? []
  if (field === 'kind') return known.kinds ?? []
  if (field === 'name') return known.names ?? []
  return field === 'host' ? (known.hosts ?? []) : []
}

/** A text in quotes, as {@link parseSearch} reads it. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function matching(typed: string, options: readonly string[]): string[] {
  const wanted = typed.replace(/^(@?)"/, '$1').toLowerCase()
  const found = options.filter((option) =>
    option
      .replace(/^(@?)"/, '$1')
      .toLowerCase()
      .startsWith(wanted),
  )
  return [...new Set(found)].sort().slice(0, MOST_OPTIONS)
}
