import { deepStrictEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { currentTraceId, go, type Span, span, type Tracer } from '@trace/core'
import { countingIds, runTraced, tickingClock, treeText } from '../../src/index.js'

/** A program whose spans overlap, and one of which runs on by itself. */
async function report(tracer: Tracer): Promise<string> {
  return tracer.trace('task', 'report', async (s) => {
    s.data['list'] = [1, { deep: null }]
    await span('db', 'load', async () => {})
    go('work', 'audit', async () => sleep(20))
    await Promise.all(['a', 'b', 'c'].map((name) => span('db', name, async () => null)))
    return String(currentTraceId())
  })
}

test('the result and the spans are the same in every run, ids and times included', async () => {
  const [one, other] = [await runTraced(report), await runTraced(report)]
  expect(one.result).toBe('1')
  deepStrictEqual(other, one)
  expect(one.spans.map(({ spanId }) => spanId)).toEqual([3n, 5n, 6n, 7n, 2n, 4n])
  expect(one.spans[0]).toEqual({
    ...{ traceId: 1n, spanId: 3n, parentId: 2n, process: 'test:1@test', kind: 'db', name: 'load', data: {} },
    ...{ start: 1_767_225_600_001_000_000n, finish: 1_767_225_600_002_000_000n },
  } satisfies Span)
})

test('recorded data are equal to plain objects', async () => {
  const { spans } = await runTraced(report)
  const data = spans.find(({ name }) => name === 'report')?.data
  deepStrictEqual(data, { list: [1, { deep: null }] })
  expect(data).toStrictEqual({ list: [1, { deep: null }] })
})

test('several runs at a time do not know of each other', async () => {
  const runs = await Promise.all([runTraced(report), runTraced(report)])
  expect(runs.map(({ result }) => result)).toEqual(['1', '1'])
  expect(treeText(runs[0]?.spans ?? [])).toBe(treeText(runs[1]?.spans ?? []))
})

test('a server is traced with ids that its client sees', async () => {
  const { result, spans } = await runTraced(async (tracer) => {
    const server = createServer((_req, res) => tracer.trace('request', 'GET /', () => res.end(`${currentTraceId()}`)))
    await new Promise<void>((resolve) => server.listen(0, resolve))
    try {
      return await (await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`)).text()
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
  expect(result).toBe('1')
  expect(spans.map(({ name }) => name)).toEqual(['GET /'])
})

test('more spans than a queue usually takes are all there', async () => {
  const { spans } = await runTraced((tracer) => {
    for (let at = 0; at < 10_000; at++) tracer.trace('k', 'n', () => {})
  })
  expect(spans.length).toBe(10_000)
})

test('what the function throws or rejects with comes back, the very same', async () => {
  const error = new Error('mine')
  const fail = (): never => {
    throw error
  }
  for (const fn of [fail, async () => fail()]) await expect(runTraced(fn)).rejects.toBe(error)
})

test('a span that stays open, or is lost, is said', async () => {
  const open = runTraced((tracer) => void tracer.start('k', 'n'), { timeout: 20 })
  await expect(open).rejects.toThrow('runTraced: 1 span is open 20 ms after the function')
  const lost = runTraced((tracer) => tracer.close().then(() => tracer.trace('k', 'n', () => {})), {
    logger: { warn() {} },
  })
  await expect(lost).rejects.toThrow('runTraced: 1 span is lost')
})

test('the options are those of a tracer', async () => {
  const options = { service: 'users', process: 'users:7@h', ids: countingIds(100n), clock: tickingClock(5n, 1n) }
  const { spans } = await runTraced((tracer) => tracer.trace('k', 'n', () => {}), options)
  expect(spans).toMatchObject([{ traceId: 100n, spanId: 101n, start: 5n, finish: 6n, process: 'users:7@h' }])
  const unsampled = await runTraced((tracer) => tracer.trace('k', 'n', () => {}), { sample: () => false })
  expect(unsampled.spans).toEqual([])
  await expect(runTraced(() => {}, { buffer: -1 })).rejects.toMatchObject({ code: 'TRACE_BAD_OPTION' })
})
