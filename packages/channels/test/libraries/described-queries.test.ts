import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { runs } from '../../../../.config/runs.js'
import { type DescribedQuery, describeNewQuery, describeQuery } from '../../src/libraries/described-queries.js'
import { type Dialect, maskQuery, operationOf, summaryOf } from '../../src/libraries/sql.js'

/** How many queries are tried. */
const RUNS = process.env['TRACE_TEST_LONG'] === '1' ? 20_000 : runs(1_000)

/** The slow way, which describes one query after the other by what is plain in it. */
function slowly(query: string, dialect: Dialect): object {
  const masked = maskQuery(query, dialect)
  return { masked, summary: summaryOf(masked), operation: operationOf(masked) }
}

/** @param isNew whether it is told to be another text each time */
function quickly(query: string, dialect: Dialect, isNew: boolean): DescribedQuery {
  return (isNew ? describeNewQuery : describeQuery)(query, dialect)
}

const dialects = fc.constantFrom<Dialect>('mysql', 'standard', 'any')

/** What means something to one dialect at least, and what may stand right before or behind it. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      'SELECT ',
      'from ',
      'users',
      'a.b',
      '_x',
      'E',
      'x',
      'N',
      '_utf8',
      'größe',
      'ﬁ',
      '\u{1f600}',
      '\ud800',
      '\u00a0',
    ],
    ...["'", "''", '"', '""', '`', '``', '\\', "\\'", '\\\\', '$', '$$', '$1', '$a$', '$1$', '@', '@@x', '#', '#\n'],
    ...[
      '-',
      '--',
      '--\n',
      '/',
      '/*',
      '*/',
      '*',
      '/**/',
      '\n',
      '\r\n',
      '\t',
      '\v',
      '\0',
      ' ',
      ',',
      '(',
      ')',
      ';',
      '?',
      ':',
      '::',
    ],
    ...[
      '0',
      '42',
      '1.5',
      '1e5',
      '0xFF',
      '.5',
      '5.',
      '1_000',
      '12ab',
      '9z',
      '{',
      '}',
      '[',
      ']',
      '=',
      '<>',
      '->>',
      '~',
      '!',
      '.',
    ],
  ),
  fc.string({ unit: anyCharacter, maxLength: 3 }),
)

/** The parts of a program's query; the values between them are literals. */
const parts = fc.array(
  fc.constantFrom(
    'SELECT a FROM t WHERE x = ',
    ' AND "y" = ',
    ' AND `z` <> ',
    ', ',
    '\n OR $1 < ',
    ' LIMIT ',
    ' -- c\n = ',
    ' @v ',
  ),
  { minLength: 1, maxLength: 5 },
)
const SECRET = 'hunter2'
const literal = fc.constantFrom(
  '7',
  '0x1f',
  `'${SECRET}'`,
  `'it''s ${SECRET}'`,
  "''",
  `'${SECRET}é'`,
  `'a\\'${SECRET}'`,
  '1.5e3',
)

const textOf = (texts: readonly string[], values: readonly string[]): string =>
  texts.map((text, at) => `${text}${values[at % values.length]}`).join('')

test('any query is described the quick way as it is the slow way, whatever was described before it', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), dialects, fc.boolean(), (pieces, dialect, isNew) => {
      const query = pieces.join('')
      const expected = slowly(query, dialect)
      // Once more, since the first time it may not be known; between the two another, since the last one is remembered itself.
      for (let turn = 0; turn < 2; turn++) {
        expect(quickly(query, dialect, isNew)).toEqual(expected)
        describeQuery('', dialect)
      }
    }),
    { numRuns: RUNS },
  )
})

test('queries that differ in their literals alone have the same description, without any of them', () => {
  const values = fc.array(literal, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(parts, values, values, dialects, (texts, before, after, dialect) => {
      for (const given of [before, after]) {
        const query = textOf(texts, given)
        const described = describeNewQuery(query, dialect)
        expect(described).toEqual(slowly(query, dialect))
        // In standard SQL a backslash ends the text before the quote, and what follows is no text any more.
        if (dialect === 'mysql' || !query.includes('\\')) expect(described.masked).not.toContain(SECRET)
      }
    }),
    { numRuns: RUNS },
  )
  const inBlanks = describeNewQuery('\n  SELECT a FROM t WHERE b = 1\n', 'standard')
  expect(describeNewQuery('\n  SELECT a FROM t WHERE b = 22\n', 'standard')).toBe(inBlanks)
  expect(describeNewQuery('SELECT a FROM t WHERE b = 3', 'standard')).toBe(inBlanks)
  const one = describeNewQuery("SELECT a FROM `t` WHERE b = 1 AND c = 'x'", 'mysql')
  expect(describeNewQuery("SELECT a FROM `t` WHERE b = 2222 AND c = 'it''s'", 'mysql')).toBe(one)
  expect(describeQuery("SELECT a FROM `t` WHERE b = ? AND c = 'x'", 'mysql')).toBe(one)
})

test('long queries, and more queries than are remembered, are described as others are', () => {
  for (const length of [1_000, 1_023, 1_024, 1_025, 4_095, 4_096, 4_097, 10_000]) {
    for (const rest of ["'secret'", 'a', '1', '$1', '"b"']) {
      const query = `SELECT '${'x'.repeat(10)}'${' '.repeat(Math.max(0, length - 20 - rest.length))}${rest}`
      for (const isNew of [true, false, true]) {
        expect(quickly(query, 'mysql', isNew)).toEqual(slowly(query, 'mysql'))
        describeQuery('', 'mysql')
      }
    }
  }
  for (let turn = 0; turn < 2; turn++) {
    for (let at = 0; at < 600; at++) {
      const query = `SELECT c${at} FROM t${at} WHERE a = ${at}`
      expect(quickly(query, 'standard', at % 2 === 0)).toEqual(slowly(query, 'standard'))
    }
  }
})
