import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { dynamoReader, dynamoRecorder } from '../../src/index.js'
import { CREDENTIALS, type Engine, reachEngine } from '../support/engine.js'
import { errorAnswer, type Fault, type FaultServer, startFaultServer } from '../support/faults.js'
import { storedIn } from '../support/flow.js'
import { failureOf, linesFrom, many, runProgram, startProgram } from '../support/spans.js'

const HOUR_MS = 3_600_000
/** How far DynamoDB lets a request's time differ from its own. */
const TOLERANCE_MS = 300_000

let engine: Engine
let server: FaultServer
let table: string
let home: string
beforeAll(async () => {
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(async () => {
  server.next = () => 'pass'
  server.clockOffset = 0
  server.counts.clear()
  table = await engine.newTable()
  home = mkdtempSync(join(tmpdir(), 'home-'))
})
afterEach(() => rmSync(home, { recursive: true }))
afterAll(async () => {
  await server.close()
  engine.close()
})

const recorderFor = () => dynamoRecorder({ table, endpoint: server.url, requestTimeout: 60_000 })
const expired = errorAnswer('ExpiredTokenException', 'The security token included in the request is expired')

/** As the service does, by its clock. */
function inTime(_: string, headers: NodeJS.Dict<string | string[]>): Fault {
  const [, y, mo, d, h, mi, s] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(String(headers['x-amz-date'])) ?? []
  const late = Date.now() + server.clockOffset - Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  if (Math.abs(late) < TOLERANCE_MS) return 'pass'
  return errorAnswer('InvalidSignatureException', late > 0 ? 'Signature expired: …' : 'Signature not yet current: …')
}

describe('a clock that differs from that of AWS', () => {
  test.each([HOUR_MS, -HOUR_MS])('by %i ms is set right, by the first answer', async (offset) => {
    server.clockOffset = offset
    server.next = inTime
    const recorder = recorderFor()
    await recorder.record(many(300))
    expect((await storedIn(engine, table)).size).toBe(300)
    expect(server.counts.get('BatchWriteItem')).toBeLessThanOrEqual(12 + 4)
    const reader = dynamoReader({ table, endpoint: server.url })
    expect((await reader.trace(1n)).spans).toHaveLength(300)
    await Promise.all([recorder.close?.(), reader.close?.()])
  })

  test('and may not be set right is told', async () => {
    const answer = errorAnswer('InvalidSignatureException', 'Signature expired: 1 is now earlier than 2 (3 - 5 min.)')
    server.next = () => answer
    const { message, spans } = await failureOf(recorderFor(), many(30))
    expect(spans).toHaveLength(30)
    expect(message).toContain(
      "30 unsent: AWS refuses requests because of their time: correct this machine's clock, which differs from that of AWS (Inval",
    )
  })
})

describe('credentials', () => {
  const profile = (token: string): void => {
    const file = join(home, '.aws', 'credentials')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `[default]\naws_access_key_id=test\naws_secret_access_key=B\naws_session_token=${token}\n`)
  }
  const program = `
    const recorder = dynamorec.dynamoRecorder({ table: process.env.TABLE, endpoint: process.env.URL_OF_TABLE, requestTimeout: 60_000 })
    const spans = (from) => Array.from({ length: 100 }, (_, at) => ({
      spanId: BigInt(from + at), traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }))
    const record = (from) => recorder.record(spans(from)).then(() => console.log('recorded'), (error) => console.log(error.message))
    const { once } = await import('node:events')`
  const environment = () => ({ HOME: home, AWS_REGION: 'eu-west-1', TABLE: table, URL_OF_TABLE: server.url })
  const whoseTokenIs =
    (token: string) =>
    (_: string, headers: NodeJS.Dict<string | string[]>): Fault =>
      headers['x-amz-security-token'] === token ? 'pass' : expired

  test.each([1, 4, 5])('that %i answers call expired are used again', async (count) => {
    let left = count
    server.next = () => (left-- > 0 ? expired : 'pass')
    const recorder = recorderFor()
    await recorder.record(many(300))
    expect((await storedIn(engine, table)).size).toBe(300)
    await recorder.close?.()
  })

  test('that have expired are read again from the profile', async () => {
    profile('first')
    server.next = whoseTokenIs('first')
    const { child, promise } = startProgram(
      `${program}
      await record(1)
      await once(process.stdin, 'data')
      await record(101)
      process.exit()`,
      environment(),
    )
    await linesFrom(child, 1)
    profile('second')
    server.next = whoseTokenIs('second')
    child.stdin?.write('\n')
    expect((await promise).out).toBe('recorded\nrecorded\n')
    expect((await storedIn(engine, table)).size).toBe(200)
  })

  test.each(['UnrecognizedClientException', 'InvalidSignatureException'])(
    'that are wrong (%s) lose nothing where others have taken their place, and else are told at once',
    async (error) => {
      profile('first')
      server.next = whoseTokenIs('first')
      const { child, promise } = startProgram(
        `${program}
        await record(1)
        await once(process.stdin, 'data')
        await record(101)
        await once(process.stdin, 'data')
        await record(201)
        process.exit()`,
        environment(),
      )
      await linesFrom(child, 1)
      profile('second')
      server.next = (_, headers) => (headers['x-amz-security-token'] === 'second' ? 'pass' : errorAnswer(error))
      child.stdin?.write('\n')
      await linesFrom(child, 1)
      server.counts.clear()
      server.next = () => errorAnswer(error)
      child.stdin?.write('\n')
      const { out } = await promise
      expect(out).toMatch(/^recorded\nrecorded\n.*100 unsent: AWS refuses the credentials: .*: so it is\n$/)
      expect(server.counts.get('BatchWriteItem')).toBeLessThanOrEqual(4)
    },
  )

  test('that are there later than the process are found', async () => {
    const { child, promise } = startProgram(
      `${program}
      await record(1)
      await once(process.stdin, 'data')
      await record(101)
      process.exit()`,
      environment(),
    )
    await linesFrom(child, 1)
    profile('first')
    child.stdin?.write('\n')
    expect((await promise).out).toMatch(
      /^.*100 unsent: no AWS credentials were found: set AWS_ACCESS_KEY_ID.*\nrecorded\n$/,
    )
  })

  test('of a metadata service that does not answer at first', async () => {
    let calls = 0
    const metadata = createServer((req, res) => {
      // A token, a role's name, and the role's credentials; of the first, nothing.
      if (++calls <= 1) return
      if (req.method === 'PUT') res.end('token')
      else if (req.url?.endsWith('/role')) {
        const Expiration = new Date(Date.now() + HOUR_MS).toISOString()
        res.end(JSON.stringify({ AccessKeyId: 'test', SecretAccessKey: 'B', Token: 'first', Expiration }))
      } else res.end('role')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => metadata.once('listening', resolve))
    const AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`
    const { out } = await runProgram(`${program}\nawait record(1)\nprocess.exit()`, {
      ...environment(),
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT,
    })
    metadata.closeAllConnections()
    metadata.close()
    expect(out).toBe('recorded\n')
    expect((await storedIn(engine, table)).size).toBe(100)
  })

  test('of a session that has ended are told as the SDK tells it', async () => {
    mkdirSync(join(home, '.aws'))
    const session = '[sso-session s]\nsso_start_url=https://example.org/start\nsso_region=eu-west-1\n'
    const role = '[default]\nsso_session=s\nsso_account_id=123456789012\nsso_role_name=r\n'
    writeFileSync(join(home, '.aws', 'config'), session + role)
    const { out } = await runProgram(`${program}\nawait record(1)\nprocess.exit()`, environment())
    expect(out).toMatch(/100 unsent: the AWS credentials cannot be loaded: .*aws sso login/)
  })

  test('are renewed for a reader too', async () => {
    await recorderFor().record(many(3))
    const reader = dynamoReader({ table, endpoint: server.url })
    let left = 1
    server.next = () => (left-- > 0 ? expired : 'pass')
    expect((await reader.trace(1n)).spans).toHaveLength(3)
    server.next = () => expired
    await expect(reader.trace(1n)).rejects.toThrow(/: the AWS credentials have expired, and there are no new ones: Exp/)
    await reader.close?.()
  })

  test('of a client that has no source of them are let be', async () => {
    const send = () => Promise.reject(Object.assign(new Error('x'), { name: 'ExpiredToken' }))
    const { message } = await failureOf(dynamoRecorder({ table, client: { send } }), many(1))
    expect(message).toContain('1 unsent: the AWS credentials have expired')
  })
})

test('the environment of these tests has credentials', () => {
  expect(process.env).toMatchObject(CREDENTIALS)
})
