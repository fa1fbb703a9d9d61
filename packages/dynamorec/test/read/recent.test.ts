import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { readerSuite, type TestStore } from '@trace/testing'
import { dynamoReader, dynamoRecorder } from '../../src/index.js'
import { ABILITIES, type Engine, reachEngine } from '../support/engine.js'

let engine: Engine
beforeAll(async () => {
  engine = await reachEngine()
})
afterAll(() => engine.close())

async function open(): Promise<TestStore> {
  const table = await engine.newTable({ index: true })
  const { client } = engine
  return { recorder: dynamoRecorder({ table, client }), reader: dynamoReader({ table, client }) }
}

// Each list of old traces looks through a day of the index, hour by hour.
describe('the reader, by the index', () => {
  // A first span whose parent is elsewhere has no row in the index, unless it keeps the id of a foreign trace.
  for (const { name, run } of readerSuite({ open, orphans: false, ...ABILITIES })) test(name, run)
})
