import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { type Dialect, dialectOf, maskQuery, operationOf, summaryOf } from '../../src/libraries/sql.js'

test.each<[Dialect, string, string]>([
  ['standard', "SELECT * FROM users WHERE name = 'a' AND id = 42", 'SELECT * FROM users WHERE name = ? AND id = ?'],
  ['standard', "SELECT 'it''s', 1.5e10, 0xFF, -3 FROM t1", 'SELECT ?, ?, ?, -? FROM t1'],
  ['standard', 'SELECT "a b" FROM "T" WHERE x = $1 AND y = $2', 'SELECT "a b" FROM "T" WHERE x = $1 AND y = $2'],
  ['mysql', 'SELECT `a b` FROM t WHERE x = "secret" AND y = ?', 'SELECT `a b` FROM t WHERE x = ? AND y = ?'],
  ['mysql', String.raw`SELECT 'a\'secret' , 2`, 'SELECT ? , ?'],
  ['standard', String.raw`SELECT 'a\' , 2`, 'SELECT ? , ?'],
  ['standard', String.raw`SELECT E'a\'secret' , 2`, 'SELECT ? , ?'],
  ['standard', 'SELECT $$secret$$, $tag$it $$ is secret$tag$, $1', 'SELECT ?, ?, $1'],
  ['mysql', "SELECT _utf8'secret', x'4D', N'secret'", 'SELECT ?, ?, ?'],
  ['standard', 'SELECT 1 -- secret\nFROM t /* secret */ WHERE a = 1', 'SELECT ? FROM t WHERE a = ?'],
  ['mysql', 'SELECT a # secret\nFROM t', 'SELECT a FROM t'],
  ['standard', "SELECT 'secret that does not end", 'SELECT ?'],
  ['standard', 'SELECT $$secret that does not end', 'SELECT ?'],
  ['standard', 'SELECT a /* secret', 'SELECT a'],
  ['standard', 'SELECT /* a /* b */ secret */ 1', 'SELECT ?'],
  ['mysql', 'SELECT /* a /* b */ c', 'SELECT c'],
  ['standard', "SELECT E'a' \n  'b\\'secret' FROM t", 'SELECT ? FROM t'],
  ['standard', `SELECT $${'a'.repeat(100)}$secret$${'a'.repeat(100)}$ FROM t`, 'SELECT ? FROM t'],
  ['standard', `SELECT "a""b", "secret that does not end`, 'SELECT "a""b", ?'],
  ['mysql', 'SELECT `a`, `secret that does not end', 'SELECT `a`, ?'],
  [
    'standard',
    "SELECT U&'secret', B'1010', a->'secret'->>'secret', '{secret}'::text[]",
    'SELECT U&?, ?, a->?->>?, ?::text[]',
  ],
  ['standard', "CREATE USER ann PASSWORD 'secret'", 'CREATE USER ann PASSWORD ?'],
  ['standard', 'SELECT col2, t.c3 FROM größe', 'SELECT col2, t.c3 FROM größe'],
  ['standard', '', ''],
  ['standard', '/* route */ select 1 -- 7\n', 'select ?'],
  ['standard', '\n  -- route\n  /* a */\n  select/**/1\n', 'select ?'],
  ['standard', 'with x as (select 1) -- secret\n -- secret\n select 1', 'with x as (select ?) select ?'],
  ['standard', "SELECT E'a' -- b\n -- it's\n 'b\\'secret' FROM t", 'SELECT ? FROM t'],
  ['mysql', "select 5--1, 'x'", 'select ?--?, ?'],
  ['mysql', "select 5--'secret', 6 --\tsecret", 'select ?--?, ?'],
  ['mysql', 'select 5 --', 'select ?'],
  ['mysql', "select 5---- it's secret\n, 'secret'", 'select ?-- , ?'],
  ['standard', "select 5--1, 'x'\n, 6", 'select ? , ?'],
  ['mysql', "select 1 /*!, '*/', 'secret' */", 'select ? ?'],
  [
    'any',
    'select "secret" as a, `b`, $1, :c, @d from t where e = 1',
    'select ? as a, `b`, $1, :c, @d from t where e = ?',
  ],
  ['any', "select a[1], b['secret'], c", 'select a[?], b?'],
  ['any', "select [it's], 'secret'", 'select ?'],
  ['any', String.raw`select "secret" as a, 'it\'s secret' as b`, 'select ? as a, ?'],
  ['any', String.raw`select 'a\\', b, 'c\d', e`, 'select ?, b, ?, e'],
  ['any', String.raw`select "a\" , secret, " , b`, 'select ?'],
  ['any', "select a # it's\n, 'secret'", 'select a ?'],
  ['any', "select 5--it's\n, 'secret'", 'select ??'],
  ['any', "select 5 -- it's\n, 'secret', b", 'select ? , ?, b'],
  ['any', "select /* /* it's */ 'secret' */ 1", 'select ?'],
  ['any', "select $$it's$$, 'secret'", 'select ?'],
  ['any', "select q'[it's]', 'secret'", 'select ?'],
])('in %s, %j becomes %j', (dialect, query, masked) => expect(maskQuery(query, dialect)).toBe(masked))

test('no literal of a query is in the masked one, whatever stands around it', () => {
  const secret = fc.constantFrom('Secret', 'hunter2x', 'p4ss')
  const around = fc.array(
    fc.constantFrom('SELECT ', 'a ', ', ', '= ', '(', ') ', '$1 ', '"col" ', '-- x\n', '/* y */ ', '1 '),
  )
  fc.assert(
    fc.property(around, secret, around, (before, word, after) => {
      const query = `${before.join('')} '${word}' ${after.join('')}`
      expect(maskQuery(query, 'standard')).not.toContain(word)
      expect(maskQuery(query, 'mysql')).not.toContain(word)
      expect(maskQuery(query, 'any')).not.toContain(word)
    }),
  )
})

test('any text is masked, and a long one is cut and marked, in linear time', () => {
  fc.assert(fc.property(fc.string({ unit: anyCharacter }), (query) => typeof maskQuery(query, 'mysql') === 'string'))
  for (const piece of ["'", '"', '$', '$a', '/*', '--', 'x', '1', '\\', "E'", "E''\n"]) {
    const masked = maskQuery(`SELECT ${piece.repeat(1_000_000)}`, 'standard')
    expect(masked.length).toBeLessThan(4_200)
    expect(masked.endsWith(' [cut]')).toBe(true)
  }
})

test.each([
  ['SELECT * FROM users WHERE id = ?', 'SELECT users', 'SELECT'],
  ['insert into `orders` (a) values (?)', 'INSERT orders', 'INSERT'],
  ['UPDATE shop.items SET a = ?', 'UPDATE shop.items', 'UPDATE'],
  ['DELETE FROM only_here', 'DELETE only_here', 'DELETE'],
  ['SELECT a FROM "public"."users" WHERE b', 'SELECT public.users', 'SELECT'],
  ['SELECT a FROM [dbo].[users]', 'SELECT dbo.users', 'SELECT'],
  ['COPY users FROM STDIN', 'COPY users', 'COPY'],
  ['DROP TABLE IF EXISTS "old"', 'DROP old', 'DROP'],
  ['  (SELECT ?)', 'SELECT', 'SELECT'],
  ['BEGIN', 'BEGIN', 'BEGIN'],
  ['', 'query', undefined],
])('%j is summed up as %j', (query, summary, operation) => {
  expect([summaryOf(query), operationOf(query)]).toEqual([summary, operation])
})

test('where nobody knows the dialect, no more is recorded than by the rules of each', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      '1',
      ' ',
      '\n',
      "'",
      "''",
      '"',
      '`',
      '\\',
      '--',
      '-- ',
      '#',
      '/*',
      '*/',
      '/*!',
      '$$',
      '$1',
      '[',
      ']',
      'E',
      'q',
    ],
  )
  const words = (text: string): string[] => text.match(/secret\d+/g) ?? []
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      // Each piece is followed by a word, which may be in a text or not.
      const query = `a ${pieces.map((each, at) => `${each} secret${at} `).join('')}`
      const recorded = words(maskQuery(query, 'any'))
      for (const dialect of ['mysql', 'standard'] as const) {
        const ofDialect = words(maskQuery(query, dialect))
        expect(recorded.filter((word) => !ofDialect.includes(word))).toEqual([])
      }
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['postgresql', 'standard'],
  ['mariadb', 'mysql'],
  ['mysql', 'mysql'],
  ['other_sql', 'any'],
  [undefined, 'any'],
])('the texts of %s are masked by the rules %s', (system, dialect) => expect(dialectOf(system)).toBe(dialect))
