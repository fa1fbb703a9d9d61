import type { PlainData, Span } from '@trace/core'
import { toPlain } from '@trace/core/store'
import fc from 'fast-check'
import { anyCharacter } from '../../../.config/any-character.js'

/** Strings that one YAML version or the other reads as something else. */
export const AMBIGUOUS: readonly string[] = [
  ...['yes', 'no', 'on', 'off', 'y', 'n', 'Y', 'N', 'Yes', 'NO', 'On', 'OFF', 'true', 'False', 'NULL', 'null', '~', ''],
  ...['010', '0b11', '0o17', '0x1F', '1_000', '12:30:45', '1:30', '2020-01-02', '2015-10-20T13:14:15Z', '=', '<<'],
  ...['1', '-1', '+1', '1.5', '1e3', '.5', '1.', '.inf', '-.inf', '.nan', '.NaN', 'nan', 'Infinity', '-', '--', '---'],
  ...['...', '?', '? a', ': a', '- a', 'a:', 'a: b', 'a #b', '#a', '*a', '&a', '!a', '%a', '@a', '`a', '| a', '> a'],
  ...[
    '[a]',
    '{a: b}',
    'a, b',
    "it's",
    '"',
    "'",
    '\\',
    ' lead',
    'trail ',
    'a  b',
    'a\tb',
    '\n',
    'a\nb',
    '\r\n',
    '\n---\n',
  ],
  ...['\n...\n', 'trace_id: 1\n', 'span_id', 'trace_id', 'data.', 'data.x', 'data.data.', '__proto__', 'constructor'],
  ...['\u0000', '\u0007', '\u001b', '\u007f', '\u0080', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff', '\ufffe'],
  ...['\uffff', '\ud800', '\udc00', 'x\ud83dy', '\u{1f680}', '\u{10ffff}', '日本語', 'שלום', 'a/b', '/x:y', 'a::b'],
  ...[
    'GET /users/:id',
    'users:4711@host-1',
    './app:1@h',
    'http://a/b?c=d&e=f#g',
    'C:\\x',
    'null ',
    'é',
    'a:b:',
    'x|+',
    'e0',
    'e+5',
    'E-1',
  ],
]

const strings = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...AMBIGUOUS) },
  { weight: 2, arbitrary: fc.string({ unit: anyCharacter }) },
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.tuple(fc.constantFrom(...AMBIGUOUS), fc.constantFrom(...AMBIGUOUS)).map(([a, b]) => a + b),
)

const keys = fc.oneof(
  { weight: 8, arbitrary: strings },
  fc.integer({ min: 1_015, max: 1_030 }).map((length) => 'k'.repeat(length)),
  fc.integer({ min: 500, max: 1_030 }).map((length) => `${'\u0001'.repeat(length / 6)}"`),
)

const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    0,
    1e21,
    2 ** 53,
    2 ** 60,
    -(2 ** 60),
    5e-324,
    1e-7,
    1.5e300,
    Number.MAX_VALUE,
    NaN,
    Infinity,
    -Infinity,
  ),
)

const bigints = fc.oneof(fc.bigInt(), fc.constantFrom(2n ** 53n, 2n ** 63n, -(2n ** 64n), 10n ** 300n, 7n))

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    strings,
    numbers,
    bigints,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'value' }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4, depthIdentifier: 'value' }),
  ),
}))

/** Data of every kind of value, made plain as a tracer would. */
export const anyData: fc.Arbitrary<PlainData> = fc
  .array(fc.tuple(keys, value), { maxLength: 6 })
  .map((entries) => toPlain(Object.fromEntries(entries)))
  .map((plain) => plain.data)

const ids = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
const times = fc.bigInt({ min: -62_167_219_200_000_000_000n, max: 253_402_300_799_999_999_999n })

/** Any span that a tracer may record. */
export const anySpan: fc.Arbitrary<Span> = fc.record({
  spanId: ids,
  traceId: ids,
  parentId: fc.oneof(fc.constant(0n), ids),
  process: strings,
  kind: strings,
  name: strings,
  start: times,
  finish: fc.option(times, { nil: undefined }),
  data: anyData,
})

/** A span with the given fields; the others are small and plain. */
export function makeSpan(fields: Partial<Span> = {}): Span {
  return {
    spanId: 2n,
    traceId: 1n,
    parentId: 0n,
    process: 'users:1@host',
    kind: 'request',
    name: 'GET /',
    start: 1_448_000_000_123_456_789n,
    finish: 1_448_000_000_223_456_789n,
    data: {},
    ...fields,
  }
}

/** What reading gives for a recorded value: lone surrogates replaced, maps with no prototype. */
export function asRead(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(asRead)
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  const taken = new Set(Object.keys(value))
  for (const [key, item] of Object.entries(value)) {
    let name = key.toWellFormed()
    while (name !== key && taken.has(name)) name += '\ufffd'
    taken.add(name)
    copy[name] = asRead(item)
  }
  return copy
}

/** A span's fields, comparable by `toEqual`, -0 and order of keys apart. */
export function spanAsRead(span: Span): unknown {
  const { process, kind, name } = span
  const texts = { process: asRead(process), kind: asRead(kind), name: asRead(name) }
  return { ...span, ...texts, data: asRead(span.data) }
}
