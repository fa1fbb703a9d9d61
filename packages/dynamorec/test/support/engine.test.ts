import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { engineName, startEngine } from './engine.js'

test('an engine leaves no temporary file behind', async () => {
  const engine = await startEngine()
  await engine.newTable()
  expect(readdirSync(engine.temporary).some((file) => file.endsWith('.so'))).toBe(engineName === 'DynamoDB Local')
  await engine.stop()
  expect(existsSync(engine.temporary)).toBe(false)
})
