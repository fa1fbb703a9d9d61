import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CREDENTIALS, type Engine, reachEngine } from './support/engine.js'
import { type FaultServer, startFaultServer } from './support/faults.js'
import { runProgram } from './support/spans.js'

let engine: Engine
let server: FaultServer
beforeAll(async () => {
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
afterAll(async () => {
  await server.close()
  engine.close()
})

// Node 20 warns of more than ten listeners for the end of one signal; later releases do not.
test('however much is under way at once, and however it ends, no warning of too many listeners is emitted', async () => {
  const table = await engine.newTable({ index: true })
  let turn = 0
  server.next = (operation) => (operation === 'BatchWriteItem' && turn++ % 3 === 0 ? 'throttle' : 'pass')
  const program = `
    const { setFlagsFromString } = await import('node:v8')
    setFlagsFromString('--expose-gc')
    const gc = (await import('node:vm')).runInNewContext('gc')
    const warnings = []
    process.on('warning', (warning) => warnings.push(warning.name))
    const options = { table: '${table}', endpoint: '${server.url}' }
    const span = (at) => ({ spanId: BigInt(at + 1), traceId: BigInt(at + 1), parentId: 0n, process: 'p', kind: 'k', name: 'n',
      start: BigInt(Date.now()) * 1_000_000n, finish: BigInt(Date.now()) * 1_000_000n, data: {} })
    const recorder = dynamorec.dynamoRecorder({ ...options, concurrency: 50, attempts: 100 })
    await recorder.record(Array.from({ length: 1_300 }, (_, at) => span(at)))
    const reader = dynamorec.dynamoReader(options)
    const stop = new AbortController()
    const { traces } = await reader.traces({ limit: 100 }, { signal: stop.signal })
    const reads = Array.from({ length: 30 }, (_, at) => reader.trace(BigInt(at + 1), { signal: stop.signal }))
    const found = await Promise.all(reads)
    gc()
    const late = Array.from({ length: 30 }, () => reader.traces({ limit: 100 }, { signal: stop.signal }).catch((error) => error))
    await new Promise((resolve) => setTimeout(resolve, 20))
    gc()
    stop.abort('enough')
    const ended = await Promise.all(late)
    const count = (list, test) => list.filter(test).length
    console.log(traces.length, count(found, ({ spans }) => spans.length === 1), count(ended, (end) => end === 'enough'), warnings)
    process.exit()`
  const { out, err } = await runProgram(program, CREDENTIALS)
  expect(out).not.toContain('MaxListenersExceededWarning')
  expect(out).toMatch(/^100 30 30 /)
  expect(err).not.toContain('MaxListeners')
})
