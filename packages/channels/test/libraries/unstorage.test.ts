import { expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { createStorage } from 'unstorage'
import { withTracing } from 'unstorage/tracing'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

const SECRET = 'hunter2'

test('operations of unstorage have spans, with their keys and without values and options', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const items = new Map<string, string>()
  const running: unknown[] = []
  const driver = {
    name: 'mine',
    options: { password: SECRET },
    hasItem: (key: string) => items.has(key),
    getItem: async (key: string) => {
      if (key === 'broken') throw new RangeError('broken')
      running.push(currentSpan()?.kind)
      return items.get(key) ?? null
    },
    setItem: (key: string, value: string) => void items.set(key, value),
    getKeys: () => [...items.keys()],
  }
  const storage = withTracing(createStorage<string>())
  storage.mount('users', driver)
  await tracer.trace('work', 'outer', async () => {
    await storage.setItem('users:1', SECRET)
    expect(await storage.getItem('users:1')).toBe(SECRET)
    await storage.get('users:1')
    await storage.hasItem('users:2')
    await storage.getKeys('users')
    await storage.setItems([
      { key: 'users:3', value: SECRET },
      { key: 'users:4', value: SECRET },
    ])
    await storage.getItems(['users:3', 'users:4'])
    await expect(storage.getItem('users:broken')).rejects.toThrow('broken')
    await storage.getItem('x'.repeat(1_000))
  })
  await storage.getItem('users:1')
  expect(running).toEqual(['cache', 'cache', 'cache', 'cache', undefined])
  stop()
  await tracer.trace('work', 'after', () => storage.getItem('users:1'))
  const [outer, ...operations] = (await then.spans()).filter(({ name }) => name !== 'after')
  expect(operations.map(({ name, data }) => [name, data['db.query.text'], data['error.type']])).toEqual([
    ['setItem', 'setItem users:1', undefined],
    ['getItem', 'getItem users:1', undefined],
    ['getItem', 'getItem users:1', undefined],
    ['hasItem', 'hasItem users:2', undefined],
    ['getKeys', 'getKeys users:', undefined],
    ['setItems', 'setItems users:3 …', undefined],
    ['getItems', 'getItems users:3 …', undefined],
    ['getItem', 'getItem users:broken', 'RangeError'],
    ['getItem', `getItem ${'x'.repeat(256)}`, undefined],
  ])
  expect({ ...operations[5]?.data }).toEqual({
    'db.system.name': 'mine',
    'db.namespace': 'users:',
    'db.operation.name': 'setItems',
    'db.query.text': 'setItems users:3 …',
    'db.operation.batch.size': 2,
  })
  for (const { parentId, finish } of operations) {
    expect(parentId).toBe(outer?.spanId)
    expect(typeof finish).toBe('bigint')
  }
  expect(JSON.stringify(operations.map(({ data }) => data))).not.toContain(SECRET)
})
