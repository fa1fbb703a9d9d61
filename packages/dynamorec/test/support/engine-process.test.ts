import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { engineName, reachEngine, temporary } from './engine.js'

// That they are gone afterwards, global-teardown.mjs sees.
test('the engine of this run has its temporary files in a folder of its own', async () => {
  const engine = await reachEngine()
  await engine.newTable()
  engine.close()
  expect(readdirSync(temporary).some((each) => each.endsWith('.so'))).toBe(engineName === 'DynamoDB Local')
})

// The engine takes a second until it listens. One was given a port that another process's test had taken by then, and answered for it.
test('its port is below each that a system gives to whoever asks for any', async () => {
  const servers = Array.from({ length: 50 }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const given = servers.map((server) => Number(Reflect.get(Object(server.address()), 'port')))
  for (const server of servers) server.close()
  const { url, close } = await reachEngine()
  close()
  expect(Number(new URL(url).port)).toBeLessThan(Math.min(...given))
})
