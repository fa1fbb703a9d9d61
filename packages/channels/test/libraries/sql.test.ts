import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { type Dialect, maskQuery, operationOf, summaryOf } from '../../src/libraries/sql.js'

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
  ['standard', 'SELECT 1 -- secret\nFROM t /* secret */ WHERE a = 1', 'SELECT ?  \nFROM t   WHERE a = ?'],
  ['mysql', 'SELECT a # secret\nFROM t', 'SELECT a  \nFROM t'],
  ['standard', "SELECT 'secret that does not end", 'SELECT ?'],
  ['standard', 'SELECT $$secret that does not end', 'SELECT ?'],
  ['standard', 'SELECT a /* secret', 'SELECT a  '],
  ['standard', 'SELECT /* a /* b */ secret */ 1', 'SELECT   ?'],
  ['mysql', 'SELECT /* a /* b */ c', 'SELECT   c'],
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
