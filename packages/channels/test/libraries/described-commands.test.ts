import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Long, ObjectId } from 'mongodb'
import { runs } from '../../../../.config/runs.js'
import { describeCommand } from '../../src/libraries/described-commands.js'

test.each([
  ['find', { find: 'c', filter: {} }, '{"find":"c","filter":{}}'],
  ['find', { find: 'c', filter: { _id: new ObjectId(), d: new Date() } }, '{"find":"c","filter":{"_id":"?","d":"?"}}'],
  ['find', { find: 'c', filter: { a: { $in: [1, 2, 3] } }, limit: 1 }, '{"find":"c","filter":{"a":{"$in":"?"}}}'],
  [
    'find',
    { find: 'c', filter: { $or: [{ a: 1 }, { b: null }] } },
    '{"find":"c","filter":{"$or":[{"a":"?"},{"b":"?"}]}}',
  ],
  [
    'aggregate',
    { aggregate: 1, pipeline: [{ $match: { a: 1 } }] },
    '{"aggregate":"?","pipeline":[{"$match":{"a":"?"}}]}',
  ],
  [
    'findAndModify',
    { findAndModify: 'c', update: { $inc: { a: 1 } } },
    '{"findAndModify":"c","update":{"$inc":{"a":"?"}}}',
  ],
  ['dropUser', { dropUser: 'bob' }, '{"dropUser":"?"}'],
  ['getMore', { getMore: 7n, collection: 'c' }, '{"getMore":"c"}'],
])('of %s %j, the text is %s', (name, command, text) => {
  expect(describeCommand(name, command).text).toBe(text)
})

test('what is deep, broad, long or a circle is cut, soon', () => {
  const broad = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, 1]))
  const circle: Record<string, unknown> = { a: 1 }
  circle['self'] = circle
  const text = (filter: object) => describeCommand('find', { find: 'c', filter }).text
  expect(text(broad)).toMatch(/"k19":"\?","…":"…"}}$/)
  expect(text({ ['k'.repeat(1e6)]: 1 }).length).toBeLessThan(200)
  expect(text(circle)).toMatch(/"a":"\?","self":"…"}+$/)
  expect(text({ $in: Array.from({ length: 1e6 }, () => ({ a: 1 })) }).length).toBeLessThan(300)
  // A hundred million million objects, if each were looked at.
  let wide: object = broad
  for (let depth = 0; depth < 7; depth++) wide = Object.fromEntries(Object.keys(broad).map((key) => [key, wide]))
  expect(text(wide)).toMatch(/^.{4096} \[cut\]$/)
})

/** How many commands are tried. */
const RUNS = process.env['TRACE_TEST_LONG'] === '1' ? 5_000 : runs(300)

const isDocument = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  [Object.prototype, null].includes(Object.getPrototypeOf(Object(value)))

/** The shape of a value by its definition. */
function shapeOf(value: unknown, depth: number, left: { objects: number }): unknown {
  const isList = Array.isArray(value) && value.length > 0 && value.slice(0, 20).every(isDocument)
  if (!isList && !isDocument(value)) return '?'
  if (depth === 0 || left.objects === 0) return '…'
  left.objects--
  if (isList) return value.slice(0, 20).map((item: unknown) => shapeOf(item, depth - 1, left))
  const entries = Object.entries(value)
  const shown = entries.slice(0, 20).map(([key, field]) => [key, shapeOf(field, depth - 1, left)])
  return Object.fromEntries(entries.length > 20 ? [...shown, ['…', '…']] : shown)
}

const SECRET = 'hunter2'
const key = fc.oneof(
  fc.constantFrom('a', '$or', '$match', 'a.b', 'x"y', '__proto__', 'toJSON', '7'),
  fc.string({ maxLength: 4 }),
)
const scalar = fc.constantFrom<unknown>(
  SECRET,
  7,
  null,
  undefined,
  true,
  new Date(0),
  /hunter2/,
  new ObjectId(),
  Long.ZERO,
  Buffer.from(SECRET),
)
const { value } = fc.letrec<{ value: unknown; map: unknown; list: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'small' }, scalar, tie('map'), tie('list')),
  map: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  list: fc.array(tie('value'), { maxLength: 4 }),
}))

test('any command is described by its shape, whatever was described before it', () => {
  const part = fc.constantFrom('filter', 'query', 'pipeline', 'updates', 'sort', 'documents')
  fc.assert(
    fc.property(fc.dictionary(part, value), fc.boolean(), (parts, isNamed) => {
      const command = { find: isNamed ? 'users' : 7, ...parts }
      const left = { objects: 200 }
      const shown = ['filter', 'query', 'pipeline', 'updates', 'sort']
        .filter((name) => Object.hasOwn(parts, name) && parts[name] !== undefined)
        .map((name) => [name, shapeOf(parts[name], 8, left)])
      const text = JSON.stringify(Object.fromEntries([['find', isNamed ? 'users' : '?'], ...shown]))
      const expected = text.length > 4_096 ? `${text.slice(0, 4_096)} [cut]` : text
      for (let turn = 0; turn < 2; turn++) {
        expect(describeCommand('find', command)).toEqual({
          collection: isNamed ? 'users' : undefined,
          summary: isNamed ? 'find users' : 'find',
          text: expected,
        })
      }
      expect(expected).not.toContain(SECRET)
    }),
    { numRuns: RUNS },
  )
})

test('commands of one shape have the same description, and those of another shape another', () => {
  const one = describeCommand('find', { find: 'c', filter: { a: 1, b: { $in: [1, 2] } } })
  expect(describeCommand('find', { find: 'c', filter: { a: SECRET, b: { $in: [3] } } })).toBe(one)
  for (const other of [
    { find: 'd', filter: { a: 1, b: { $in: [1] } } },
    { find: 'c', filter: { a: 1, b: { $nin: [1] } } },
    { find: 'c', filter: { a: 1, b: {} } },
    { find: 'c', query: { a: 1, b: { $in: [1] } } },
  ])
    expect(describeCommand('find', other).text).not.toBe(one.text)
})

test('names that differ in few characters have descriptions of their own', () => {
  const names = ['user_1_id', 'user_2_id', 'usor_1_id', 'user_1_ed', '', 'é', '\u{1f600}', `${'k'.repeat(200)}1`]
  for (let turn = 0; turn < 3; turn++) {
    for (const name of names) {
      const { text } = describeCommand('find', { find: 'c', filter: { [name]: turn } })
      expect(text).toBe(JSON.stringify({ find: 'c', filter: { [name.slice(0, 128)]: '?' } }))
    }
  }
})

test('what the driver sends as a value of BSON is a value, whatever object it is', () => {
  const typed = { _bsontype: 'ObjectId', secret: 1 }
  const bare = Object.assign(Object.create(null), { a: 1, b: typed })
  expect(describeCommand('find', { find: 'c', filter: bare }).text).toBe('{"find":"c","filter":{"a":"?","b":"?"}}')
  const inherited = Object.create({ _bsontype: 'ObjectId' })
  expect(describeCommand('find', { find: 'c', filter: { inherited } }).text).toBe(
    '{"find":"c","filter":{"inherited":"?"}}',
  )
})

test('a key of the name of the command is not shown twice', () => {
  expect(describeCommand('update', { update: 'c', updates: [{ q: {} }] }).text).toBe(
    '{"update":"c","updates":[{"q":{}}]}',
  )
  expect(describeCommand('query', { query: { a: 1 } }).text).toBe('{"query":"?"}')
})

test('names of more commands than are remembered', () => {
  for (let turn = 0; turn < 2; turn++) {
    for (let at = 0; at < 3_000; at++) {
      const [collection, field] = [`c${at % 7}`, `${'f'.repeat(40)}${at}`]
      const { summary, text } = describeCommand('find', { find: collection, filter: { [field]: at } })
      expect([summary, text]).toEqual([`find ${collection}`, `{"find":"${collection}","filter":{"${field}":"?"}}`])
    }
  }
})
