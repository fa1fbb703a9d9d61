import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createTracer } from '@trace/core'
import { dynamoReader, dynamoRecorder, openReader, openRecorder } from '../src/index.js'
import { CREDENTIALS, type Engine, reachEngine } from './support/engine.js'
import { aSpan, failureOf, idsOf, many, runProgram } from './support/spans.js'

let engine: Engine
beforeAll(async () => {
  engine = await reachEngine()
})
afterAll(() => engine.close())

describe('the recorder', () => {
  test('isolates items that the table refuses, names one, and stores the others', async () => {
    const table = await engine.newTable()
    // Only the engine can tell: the SDK passes it on.
    const poisoned = { ...engine.client, send: poisonSender([7n, 33n]) }
    const error = await failureOf(dynamoRecorder({ table, client: poisoned }), many(60))
    expect(idsOf(error.spans)).toEqual([7, 33])
    expect(error.message).toMatch(
      /^dynamodb\(Traces-\d+\): refused span \d+ of trace 1 and 1 more: ValidationException: /,
    )
    const { spans } = await dynamoReader({ table }).trace(1n)
    expect(idsOf(spans)).toEqual(idsOf(many(60)).filter((id) => id !== 7 && id !== 33))
  })

  /** Gives some items an attribute that no engine takes, on their way. */
  function poisonSender(ids: readonly bigint[]) {
    return (command: { input: object }, options?: object): unknown => {
      const text = JSON.stringify(command.input)
      for (const id of ids) {
        const mark = `"span_id":{"N":"${id}"}`
        if (!text.includes(mark)) continue
        const input = JSON.parse(text.replace(mark, `${mark},"bad":{"N":"x"}`))
        return Reflect.apply(engine.client.send, engine.client, [Object.assign(command, { input }), options])
      }
      return Reflect.apply(engine.client.send, engine.client, [command, options])
    }
  }

  test('stores items of the largest size, and cuts larger ones to it', async () => {
    const table = await engine.newTable()
    const spans = [409_000, 409_600, 500_000].map((size, at) =>
      aSpan({ spanId: BigInt(at + 1), data: { text: 'é'.repeat(size / 2), n: 1 } }),
    )
    await dynamoRecorder({ table }).record(spans)
    const { spans: found } = await dynamoReader({ table }).trace(1n)
    expect(found.map(({ data }) => data['n'])).toEqual([1, 1, 1])
    expect(found.map(({ data }) => / \[cut: \d+ bytes\]$/.test(String(data['text'])))).toEqual([false, true, true])
    expect(found.map(({ data }) => String(data['text']).length > 204_000)).toEqual([true, true, true])
  })

  test('gives back numbers of any size as numbers, and large integers as bigints', async () => {
    const table = await engine.newTable()
    const numbers = [1e37, 9.99e37, 1e38, -1e38, 1.5e38, 9.9e38, -9.9e38, 1e39, 1.23e40, -1.23e100, 9.99e125]
    const bigints = [10n ** 37n, 10n ** 38n - 1n, -(10n ** 38n - 1n), 2n ** 53n + 1n]
    await dynamoRecorder({ table }).record([aSpan({ data: { numbers, bigints } })])
    const { spans } = await dynamoReader({ table }).trace(1n)
    expect(spans.map(({ data }) => ({ ...data }))).toEqual([{ numbers, bigints }])
  })

  test('in the layout of the Go package is read by this one', async () => {
    const table = await engine.newTable()
    await dynamoRecorder({ table, layout: 'original' }).record([aSpan({ data: { rows: 2, ok: true } })])
    const { spans } = await dynamoReader({ table }).trace(1n)
    expect(spans.map(({ data }) => ({ ...data }))).toEqual([{ rows: '2', ok: 'true' }])
  })

  test('leaves a client open that it was handed', async () => {
    const table = await engine.newTable()
    const client = new DynamoDBClient({})
    const destroy = jest.spyOn(client, 'destroy')
    const [recorder, reader] = [dynamoRecorder({ table, client }), dynamoReader({ table, client })]
    await recorder.record(many(2))
    await Promise.all([recorder.close?.(), reader.close?.()])
    expect(destroy).not.toHaveBeenCalled()
    expect((await reader.trace(1n)).spans).toHaveLength(2)
    client.destroy()
  })

  test('is chosen by a URL', async () => {
    const table = await engine.newTable()
    const url = new URL(
      `dynamodb://${table}?region=eu-west-1&endpoint=${engine.url}&expireAfter=2&index=false&scanPages=3`,
    )
    const recorder = openRecorder(url)
    expect(recorder.name).toBe(`dynamodb(${table})`)
    await recorder.record(many(3))
    expect((await openReader(url).trace(1n)).spans).toHaveLength(3)
    const arn = new URL('dynamodb:arn:aws:dynamodb:eu-west-1:123456789012:table/Traces')
    expect(openRecorder(arn).name).toBe('dynamodb(arn:aws:dynamodb:eu-west-1:123456789012:table/Traces)')
    for (const bad of [
      'dynamodb:',
      'dynamodb://a:b@Traces',
      'dynamodb://Traces/x',
      'dynamodb://Traces?regio=x',
      'dynamodb:%zz',
    ]) {
      expect(() => openRecorder(new URL(bad))).toThrow(expect.objectContaining({ code: 'TRACE_BAD_URL' }))
    }
    expect(() => openRecorder(new URL('dynamodb://Traces?concurrency=x'))).toThrow(
      /"concurrency": expected a whole number/,
    )
  })
})

describe('what cannot work', () => {
  test('a missing table is told once, with the command that creates it, and counted', async () => {
    const warnings: string[] = []
    const logger = { warn: (message: string): void => void warnings.push(message) }
    const tracer = createTracer({ recorder: dynamoRecorder({ table: 'Nowhere' }), logger, batch: 30 })
    for (let at = 0; at < 100; at++) tracer.trace('work', 'w', () => {})
    await tracer.flush({ timeout: 60_000 })
    expect(tracer.stats()).toMatchObject({ started: 100, recorded: 0, failed: 100 })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/lost: dynamodb\(Nowhere\): .*no table Nowhere.* `npx trace-dynamodb create Nowhere`/)
    await tracer.close()
    await expect(dynamoReader({ table: 'Nowhere' }).traces()).rejects.toThrow(/npx trace-dynamodb create Nowhere/)
  })

  const loop = `
    const recorder = dynamorec.dynamoRecorder({ table: 'Traces' })
    const tracer = createTracer({ recorder, logger: { warn: (line) => console.log(line) } })
    tracer.trace('work', 'w', () => {})
    await tracer.flush({ timeout: 60_000 })
    console.log(JSON.stringify(tracer.stats()), 'goes on')
    await tracer.close()`

  test('no region is one clear line, and the service goes on', async () => {
    const { code, out } = await runProgram(loop, { AWS_DEFAULT_REGION: 'eu-west-1' })
    expect(out).toMatch(/^trace: 1 span was lost: .*no AWS region is set: set AWS_REGION.*ignores AWS_DEFAULT_REGION\n/)
    expect(out).toMatch(/"failed":1,.*goes on/)
    expect([code, out.trim().split('\n').length]).toEqual([0, 2])
  })

  test('no credentials are one clear line, and the service goes on', async () => {
    const { code, out } = await runProgram(loop, { AWS_REGION: 'eu-west-1' })
    expect(out).toMatch(/^trace: 1 span was lost: .*no AWS credentials were found: set AWS_ACCESS_KEY_ID/)
    expect(out).toMatch(/"failed":1,.*goes on/)
    expect([code, out.trim().split('\n').length]).toEqual([0, 2])
  })
})

describe('the AWS SDK', () => {
  test('is not loaded before the first record', async () => {
    const program = `
      import { createRequire } from 'node:module'
      const loaded = () => Object.keys(createRequire(import.meta.url).cache ?? {}).filter((path) => /aws-sdk|smithy/.test(path)).length
      const recorder = dynamorec.dynamoRecorder({ table: 'Nowhere' })
      dynamorec.dynamoReader({ table: 'Nowhere' })
      const before = loaded()
      await recorder.record([]).catch(() => {})
      const empty = loaded()
      await recorder.record([{ spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', start: 0n, finish: 1n, data: {} }])
        .catch((error) => console.log(error.message))
      console.log(before, empty, loaded() > 0)`
    const { out } = await runProgram(program, { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: engine.url })
    expect(out).toMatch(/no table Nowhere/)
    expect(out).toMatch(/\n0 0 true\n$/)
  })
})

describe('options', () => {
  const bad: [object | undefined, RegExp][] = [
    [undefined, /expected options such as \{ table: … \}/],
    [{}, /"table"/],
    [{ table: 'a b' }, /"table".*got "a b"/],
    [{ table: 'Traces', client: {} }, /"client".*v3/],
    [{ table: 'Traces', endpoint: 'localhost:8000' }, /"endpoint".*http/],
    [{ table: 'Traces', layout: 'xml' }, /"layout"/],
    [{ table: 'Traces', expireAfter: 0 }, /"expireAfter".*days/],
    [{ table: 'Traces', spool: 'x' }, /"spool"/],
    [{ table: 'Traces', spool: {} }, /"path"/],
    [{ table: 'Traces', concurrency: 51 }, /"concurrency"/],
    [{ table: 'Traces', tabel: 1 }, /unknown option "tabel"/],
  ]
  test.each(bad)('%j are refused', (options, message) => {
    expect(() => Reflect.apply(dynamoRecorder, undefined, [options])).toThrow(message)
  })

  test('of the reader are checked', () => {
    expect(() => dynamoReader({ table: 'Traces', scanPages: 0 })).toThrow(/"scanPages"/)
  })
})
