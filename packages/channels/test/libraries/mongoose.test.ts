import { tracingChannel } from 'node:diagnostics_channel'
import { expect, test } from '@jest/globals'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

// This publishes what mongoose 9.12 does: lib/query.js, lib/model.js and lib/aggregate.js.
test('what mongoose publishes has spans, without filters and documents', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const where = { database: 'shop', serverAddress: 'db', serverPort: 27017 }
  const args = { filter: { name: 'hunter2' }, docs: [{ name: 'hunter2' }], pipeline: [{ $match: { name: 'hunter2' } }] }
  await tracer.trace('work', 'outer', async () => {
    const find = { operation: 'find', collection: 'users', ...where, args }
    await tracingChannel('mongoose:query').tracePromise(async () => [1, 2], find)
    const save = { operation: 'save', collection: 'users', ...where, args }
    await tracingChannel('mongoose:model:save').tracePromise(async () => ({}), save)
    await tracingChannel('mongoose:aggregate').tracePromise(async () => [], { operation: 'aggregate', ...where, args })
  })
  stop()
  expect(await then.tree()).toEqual(['work outer', '  db find users', '  db save users', '  db aggregate'])
  const [, found, ...others] = await then.spans()
  expect({ ...found?.data }).toEqual({
    'db.system.name': 'mongodb',
    'db.namespace': 'shop',
    'server.address': 'db',
    'server.port': 27017,
    'db.operation.name': 'find',
    'db.collection.name': 'users',
    'db.response.returned_rows': 2,
  })
  expect(JSON.stringify(others.map(({ data }) => data))).not.toContain('hunter2')
})

test.each([
  ['Cast to Number failed for value "hunter2" (type string) at path "age"', 'Cast to Number failed for value ?'],
  ['E11000 duplicate key error collection: a.b index: c dup key: { c: "hunter2" }', /dup key:? \?$/],
])('what an error repeats of %j is not in its span', async (message, recordedMessage) => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const find = { operation: 'find', collection: 'users' }
  await tracer.trace('work', 'outer', () =>
    tracingChannel('mongoose:query')
      .tracePromise(() => Promise.reject(new Error(message)), find)
      .catch(() => {}),
  )
  stop()
  const failed = (await then.spans()).at(-1)
  expect(failed?.data['error.message']).toEqual(
    typeof recordedMessage === 'string' ? recordedMessage : expect.stringMatching(recordedMessage),
  )
  expect(JSON.stringify(failed?.data)).not.toContain('hunter2')
})
