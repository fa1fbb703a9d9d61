import { expect, test } from '@jest/globals'
import { collectionOf, failureOf } from '../../src/libraries/mongo-command.js'

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
