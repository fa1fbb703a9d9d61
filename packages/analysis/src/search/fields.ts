import { isFailed, type Span, serviceOf } from '@trace/core/spans'
import type { Term } from './terms.js'
import { compares, comparisonOf, parseDuration, textTest } from './values.js'

/** Tells whether a span meets a condition. */
export type SpanTest = (span: Span) => boolean

/** A field that a search can ask for. */
export interface Field {
  /** What its value may be, for messages: `expected …`. */
  readonly expected: string
  /** Its values, where there are only a few. */
  readonly values: readonly string[]
  /** @returns undefined if the value is not one */
  readonly test: (value: string, quoted: boolean) => SpanTest | undefined
}

/** A field that is a text of a span. */
function textField(expected: string, textOf: (span: Span) => string): Field {
  return {
    expected,
    values: [],
    test: (value, quoted) => {
      if (value === '' && !quoted) return undefined
      const test = textTest(value, quoted)
      return (span) => test(textOf(span))
    },
  }
}

/** A field that has a few values. */
function wordField(tests: Readonly<Record<string, SpanTest>>): Field {
  const values = Object.keys(tests)
  return {
    expected: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
    values,
    test: (value) => (Object.hasOwn(tests, value) ? tests[value] : undefined),
  }
}

function hostOf(process: string): string {
  return process.slice(process.lastIndexOf('@') + 1)
}

function testDuration(value: string): SpanTest | undefined {
  const comparison = comparisonOf(value)
  const wanted = parseDuration(comparison?.rest ?? '')
  if (comparison === undefined || wanted === undefined) return undefined
  const limit = BigInt(Math.round(wanted))
  return ({ start, finish }) => finish !== undefined && compares(finish - start, comparison.operator, limit)
}

/** All fields of a search but data keys. */
export const FIELDS: Readonly<Record<string, Field>> = {
  service: textField('a service, such as service:orders', (span) => serviceOf(span.process)),
  kind: textField('a kind, such as kind:db', (span) => span.kind),
  name: textField('a name, such as name:"GET /users/:id"', (span) => span.name),
  process: textField('a process, such as process:users:4711@host-1', (span) => span.process),
  host: textField('a host, such as host:host-1', (span) => hostOf(span.process)),
  trace: textField('the id of a trace, such as trace:42', (span) => String(span.traceId)),
  id: textField('the id of a span, such as id:43', (span) => String(span.spanId)),
  duration: {
    expected: 'a comparison with a unit, such as duration:>100ms',
    values: ['>', '<', '>=', '<='],
    test: testDuration,
  },
  status: wordField({ error: isFailed, ok: (span) => !isFailed(span) }),
  span: wordField({
    open: (span) => span.finish === undefined,
    finished: (span) => span.finish !== undefined,
    root: (span) => span.parentId === 0n,
  }),
}

/** The name of a field that was meant by another; undefined if none is near. */
export function nearestField(name: string): string | undefined {
  const lower = name.toLowerCase()
  const near = Object.keys(FIELDS)
    .map((field) => ({ field, distance: distanceOf(lower, field) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.max(1, Math.floor(near.field.length / 3)) ? near.field : undefined
}

/** How many letters have to be put in, left out, replaced or swapped with the next to make one word of another. */
function distanceOf(a: string, b: string): number {
  if (a.length > 20) return a.length
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= a.length; row++) {
    const distances = [row]
    rows.push(distances)
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(row - 2, column - 2) + 1 : Infinity
      distances.push(
        Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same, swapped),
      )
    }
  }
  return at(a.length, b.length)
}

/** Whether a term is a field that must equal a text. */
export function isExact(term: Term): boolean {
  return !term.negated && term.value !== undefined && (term.quoted || !term.value.includes('*'))
}
