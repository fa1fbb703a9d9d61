import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { createTraceTable } from '../../src/index.js'
import { CREDENTIALS, engineName } from './engine.js'

interface EngineProcess {
  readonly name: string
  readonly url: string
  readonly temporary: string
  stop(): Promise<void>
}

test('an engine leaves no temporary file behind', async () => {
  const file = fileURLToPath(new URL('engine-process.mjs', import.meta.url))
  const { startEngineProcess }: { startEngineProcess(): Promise<EngineProcess> } = await import(file)
  const { name, url, temporary, stop } = await startEngineProcess()
  expect(name).toBe(engineName)
  while ((await fetch(url).catch(() => undefined)) === undefined) await sleep(50)
  Object.assign(process.env, CREDENTIALS)
  await createTraceTable({ table: 'Traces', endpoint: url })
  expect(readdirSync(temporary).some((each) => each.endsWith('.so'))).toBe(engineName === 'DynamoDB Local')
  await stop()
  expect(existsSync(temporary)).toBe(false)
})
