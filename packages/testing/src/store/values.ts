import type { Abilities } from '../suite.js'

/** Data of every kind, by a name for its case. */
export function valueKinds(abilities: Abilities): Record<string, Record<string, unknown>> {
  const { extremeNumbers = true, emptyInnerKeys = true } = abilities
  const kinds: Record<string, Record<string, unknown>> = {
    strings: { text: 'some text', empty: '', digits: '123', word: 'true', none: 'null', time: '2020-01-02' },
    'strings of odd characters': {
      lines: 'a\nb\r\nc\ttab',
      control: '\u0000\u0007\u001b\u007f\u0085',
      breaks: 'a\u2028b\u2029c',
      marks: '\ufeff"quoted" it\'s \\ --- ... {a: b} [1, 2] #x <<&*!%@`',
      scripts: 'é 日本語 שלום 🚀',
      'half a character': 'a\ud800b',
      long: 'x'.repeat(10_000),
    },
    numbers: { zero: 0, 'minus zero': -0, one: 1, negative: -42, fraction: 0.1, safe: Number.MAX_SAFE_INTEGER },
    'large and small numbers': { large: 1.5e100, small: 1.5e-100, float: 2 ** 60, power: 2 ** 53 },
    'integers beyond 2^53': { big: 2n ** 53n + 1n, int64: 2n ** 63n - 1n, least: -(2n ** 63n), uint64: 2n ** 64n - 1n },
    'numbers that are not finite': { nan: NaN, infinity: Infinity, negative: -Infinity, list: [NaN] },
    booleans: { yes: true, no: false },
    null: { nothing: null },
    lists: { list: [1, 'two', 3.5, null, true, 2n ** 60n], empty: [], nested: [[], [[1]]] },
    maps: { map: { a: 1, deep: { x: [1, { y: 2 }] } }, empty: {}, odd: { 'a b': 3, 'data.x': 2, span_id: 4 } },
    'deep nesting': { deep: nested(12) },
    'the stack, the causes and the parts of an error': {
      'error.stack': 'RangeError: no\n    at load (file:///app/shelf.js:3:4)\n    at async main (node:internal/x:1:2)',
      'error.cause': [
        { type: 'Error', message: 'why', stack: 'Error: why\n    at f (g.js:1:2)' },
        '[cut: more causes]',
      ],
      'error.errors': [{ type: 'AggregateError', message: '', errors: [{ type: 'string', message: 'x' }], cause: [] }],
    },
    'what is made plain': {
      date: new Date(1_767_225_600_123),
      error: new TypeError('no'),
      map: new Map([['a', 1]]),
      set: new Set([1, 2]),
      bytes: new Uint8Array([1, 2, 255]),
      function: function named() {},
      symbol: Symbol('s'),
      left: undefined,
      pattern: /x/g,
    },
    'many entries': Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`key ${at}`, at])),
  }
  if (extremeNumbers) {
    kinds['extreme numbers'] = { most: Number.MAX_VALUE, least: 5e-324, integer: 10n ** 300n, negative: -(10n ** 50n) }
  }
  if (emptyInnerKeys) kinds['empty keys of inner maps'] = { map: { '': 1 } }
  return kinds
}

function nested(depth: number): unknown {
  return depth === 0 ? 'bottom' : { a: nested(depth - 1) }
}

/** Data keys that a store could take for something else. */
const ODD_KEYS: readonly string[] = [
  ...[
    '',
    ' ',
    'a b',
    ' lead',
    'trail ',
    'a:b',
    'a: b',
    '#a',
    '- a',
    '?',
    'true',
    'null',
    '123',
    '1.5',
    '~',
    '日本',
    '🚀',
  ],
  ...['a.b/c-d_e', 'a\nb', '\u0000', '"', "'", '\\', '\u2028', '---', '<<', 'k'.repeat(2_000)],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'],
  ...['span_id', 'trace_id', 'parent_id', 'process', 'kind', 'name', 'start', 'finish', 'start_unix', 'finish_unix'],
  ...[
    'elapsed',
    'hour_shard',
    'expires',
    'ttl',
    'data',
    'data.',
    'data.x',
    'x',
    'data.data.x',
    'data.span_id',
    'data.data.',
  ],
]

/** A map of the odd keys, each with a different value. */
export function oddKeys(): Record<string, unknown> {
  const data: Record<string, unknown> = Object.create(null)
  for (const [at, key] of ODD_KEYS.entries()) data[key] = at
  return data
}
