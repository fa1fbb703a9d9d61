import { expect, test } from '@jest/globals'
import { ObjectId } from 'mongodb'
import { collectionOf, commandText, failureOf } from '../../src/libraries/mongo-command.js'

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
  expect(commandText(name, command)).toBe(text)
})

test('what is deep, broad, long or a circle is cut, soon', () => {
  const broad = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, 1]))
  const circle: Record<string, unknown> = { a: 1 }
  circle['self'] = circle
  const text = (filter: object) => commandText('find', { find: 'c', filter })
  expect(text(broad)).toMatch(/"k19":"\?","…":"…"}}$/)
  expect(text({ ['k'.repeat(1e6)]: 1 }).length).toBeLessThan(200)
  expect(text(circle)).toMatch(/"a":"\?","self":"…"}+$/)
  expect(text({ $in: Array.from({ length: 1e6 }, () => ({ a: 1 })) }).length).toBeLessThan(300)
  // A hundred million million objects, if each were looked at.
  let wide: object = broad
  for (let depth = 0; depth < 7; depth++) wide = Object.fromEntries(Object.keys(broad).map((key) => [key, wide]))
  expect(text(wide)).toMatch(/^.{4096} \[cut\]$/)
})

test('a command of a shape of its own has no collection', () => {
  expect(collectionOf('find', { find: 7 })).toBeUndefined()
  expect(collectionOf('toString', {})).toBeUndefined()
})

test.each([
  ['E11000 dup key: { email: "ann@x.org" }', 'E11000 dup key: ?'],
  ['Cannot apply $inc to "a \\" b" here', 'Cannot apply $inc to ?'],
  ['interrupted', 'interrupted'],
])('of the message %j, %j is recorded', (message, cut) => {
  const thrown = new RangeError(message)
  expect(failureOf(thrown)).toMatchObject({ name: 'RangeError', message: cut })
  expect(Reflect.get(failureOf(thrown), 'stack')).toBe(thrown.stack?.replace(message, cut))
  expect(failureOf({ errmsg: message })).toMatchObject({ name: 'MongoServerError', message: cut, stack: undefined })
})
