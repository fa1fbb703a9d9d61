import { readdirSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { engineName, reachEngine, temporary } from './engine.js'

// That they are gone afterwards, global-teardown.mjs sees.
test('the engine of this run has its temporary files in a folder of its own', async () => {
  const engine = await reachEngine()
  await engine.newTable()
  engine.close()
  expect(readdirSync(temporary).some((each) => each.endsWith('.so'))).toBe(engineName === 'DynamoDB Local')
})
