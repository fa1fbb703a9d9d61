import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { runCommand } from '../../src/cli.js'
import { createTraceTable, dynamoReader, dynamoRecorder } from '../../src/index.js'
import { CREDENTIALS } from '../support/engine.js'
import { type Answer, errorAnswer, type FaultServer, startFaultServer } from '../support/faults.js'
import { failureOf, many, runProgram, startNode } from '../support/spans.js'

let server: FaultServer
beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS)
  server = await startFaultServer('http://127.0.0.1:1')
})
afterAll(() => server.close())

const ENDPOINT = 'AWS_ENDPOINT_URL_DYNAMODB'
afterEach(() => void Reflect.deleteProperty(process.env, ENDPOINT))

/** What a recorder, a reader, a table's maker and the command say. */
async function saidOf(endpoint: string | undefined): Promise<Record<string, string>> {
  const options = { table: 'Traces', requestTimeout: 60_000, ...(endpoint === undefined ? {} : { endpoint }) }
  const recorder = dynamoRecorder({ ...options, attempts: 2 })
  const reader = dynamoReader(options)
  const err: string[] = []
  const args = ['create', 'Traces', ...(endpoint === undefined ? [] : ['--endpoint', endpoint])]
  const said = {
    recorder: (await failureOf(recorder, many(3))).message,
    reader: String(await reader.trace(1n).catch((error) => error.message)),
    table: String(await createTraceTable(options).catch((error) => error.message)),
    command: `${await runCommand(args, { out: () => {}, err: (line) => void err.push(line) })} ${err.join('\n')}`,
  }
  await Promise.all([recorder.close?.(), reader.close?.()])
  return said
}

function expectAll(said: Record<string, string>, message: string): void {
  expect(said).toEqual({
    recorder: expect.stringContaining(`dynamodb(Traces): 3 unsent: ${message}`),
    reader: expect.stringContaining(`dynamodb(Traces): ${message}`),
    table: expect.stringContaining(`dynamodb(Traces): cannot create the table: ${message}`),
    command: expect.stringContaining(`1 trace-dynamodb: dynamodb(Traces): cannot create the table: ${message}`),
  })
  for (const line of Object.values(said)) expect(line).not.toContain('\n')
}

describe('an endpoint that is not DynamoDB is named, with what it answers and what to do', () => {
  const html = { 'content-type': 'text/html', server: 'nginx' }
  const check = '; check the endpoint (the option endpoint, AWS_ENDPOINT_URL_DYNAMODB,'
  const answers: [string, Answer, string][] = [
    [
      '404 in text',
      { status: 404, body: 'Not Found', headers: { 'content-type': 'text/plain' } },
      ` is not DynamoDB: it answered 404 Not Found (text/plain)${check}`,
    ],
    ['404 and nothing', { status: 404 }, ` is not DynamoDB: it answered 404 Not Found${check}`],
    [
      '404 in JSON',
      { status: 404, body: '{"message":"Route POST:/ not found"}', headers: { 'content-type': 'application/json' } },
      ` is not DynamoDB: it answered 404 Not Found (application/json, Route POST:/ not found)${check}`,
    ],
    [
      'a redirect',
      { status: 301, headers: { location: 'https://example.org/' } },
      ` is not DynamoDB: it answered 301 Moved Permanently (https://example.org/)${check}`,
    ],
    [
      '403 of a firewall',
      { status: 403, body: '<html>no\n\u001b[31m', headers: html },
      ` is not DynamoDB: it answered 403 Forbidden (nginx, text/html)${check}`,
    ],
    [
      'a page for all',
      { status: 200, body: '<html>log in</html>', headers: html },
      ` is not DynamoDB: it answered 200 OK (nginx, text/html)${check}`,
    ],
    ['200 and nothing', { status: 200 }, ` is not DynamoDB: it answers 200 OK, but not as DynamoDB does${check}`],
    [
      '200 in JSON',
      { status: 200, body: '{"ok":true}' },
      ` is not DynamoDB: it answers 200 OK, but not as DynamoDB does${check}`,
    ],
    [
      '502 of a proxy',
      { status: 502, body: '<html>Bad Gateway', headers: html },
      " answered 502 Bad Gateway, without an error of DynamoDB's (nginx, text/html): is a proxy in between?",
    ],
    [
      '500 and nothing',
      { status: 500 },
      " answered 500 Internal Server Error, without an error of DynamoDB's: is a proxy in between?",
    ],
  ]
  test.each(answers)('%s', async (_, answer, message) => {
    server.next = () => answer
    expectAll(await saidOf(server.url), `${server.url}${message}`)
    process.env[ENDPOINT] = server.url
    expectAll(await saidOf(undefined), `${server.url}${message}`)
  })

  test.each(['localhost:8000', '127.0.0.1:8000', 'dynamo', 'ftp://dynamo'])('%s is no URL', async (endpoint) => {
    process.env[ENDPOINT] = endpoint
    expectAll(
      await saidOf(undefined),
      `the endpoint ${endpoint} is no URL that begins with http:// or https://; check the`,
    )
    const bad = /option "endpoint": expected a URL that begins with http:\/\/ or https:\/\//
    expect(() => dynamoRecorder({ table: 'Traces', endpoint })).toThrow(bad)
  })
})

describe('an endpoint that cannot be reached is named, with what to do', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const each of servers.splice(0)) each.close()
  })
  const portOf = async (listening: Server): Promise<number> => {
    servers.push(listening)
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    return (listening.address() as AddressInfo).port
  }

  /** What is said in a process of its own: in Jest, the SDK takes the errors of Node for none, and wraps them. */
  async function saidThere(endpoint: string, requestTimeout = 60_000): Promise<Record<string, string>> {
    const options = JSON.stringify({ table: 'Traces', endpoint, requestTimeout })
    const program = `
      const span = { spanId: 1n, traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }
      const saying = (promise) => promise.then(() => '', (error) => error.message)
      console.log(JSON.stringify({
        recorder: await saying(dynamorec.dynamoRecorder({ ...${options}, attempts: 2 }).record([span, { ...span, spanId: 2n }, { ...span, spanId: 3n }])),
        reader: await saying(dynamorec.dynamoReader(${options}).trace(1n)),
        table: await saying(dynamorec.createTraceTable(${options})),
      }))
      process.exit()`
    const bin = new URL('../../dist/bin.js', import.meta.url).pathname
    const [{ out }, { code, err }] = await Promise.all([
      runProgram(program, CREDENTIALS),
      startNode([bin, 'create', 'Traces', '--endpoint', endpoint], CREDENTIALS).promise,
    ])
    return { ...JSON.parse(out), command: `${code} ${err.trimEnd().split('\n').at(-1)}` }
  }

  test('nothing listens', async () => {
    const gone = createTcpServer()
    const there = `127.0.0.1:${await portOf(gone)}`
    await new Promise((resolve) => gone.close(resolve))
    const said = `connect ECONNREFUSED ${there}; nothing listens at http://${there}: start it, or check the endpoint`
    expectAll(await saidThere(`http://${there}`), said)
  })

  test('a name that does not exist', async () => {
    const said = await saidThere('http://no-such-host.invalid:8000')
    expect(Object.keys(said)).toHaveLength(4)
    for (const each of Object.values(said)) {
      expect(each).toMatch(
        /getaddrinfo E\w+ .*; no address is found for http:\/\/no-such-host.invalid:8000: check region, /,
      )
    }
  })

  test('no answer', async () => {
    server.next = () => 'hang'
    const recorder = dynamoRecorder({ table: 'Traces', endpoint: server.url, requestTimeout: 50, attempts: 1 })
    const { message } = await failureOf(recorder, many(3))
    expect(message).toContain(
      `TimeoutError: no answer within 50 ms; see that this process can reach ${server.url}, and`,
    )
    await recorder.close?.()
  })

  test('http where https is asked for', async () => {
    server.next = () => 'pass'
    const there = server.url.replace('http', 'https')
    for (const each of Object.values(await saidThere(there))) {
      expect(each).toContain(`; ${there} does not speak TLS as it should: http:// instead of https://?`)
    }
  })

  test('what is no HTTP', async () => {
    const talker = createTcpServer((socket) => socket.on('error', () => {}).end('\u0015\u0003\u0001'))
    const endpoint = `http://127.0.0.1:${await portOf(talker)}`
    for (const each of Object.values(await saidThere(endpoint))) {
      expect(each).toContain(`; ${endpoint} does not speak HTTP: https:// instead of http://?`)
    }
  })

  const withOpenssl = spawnSync('openssl', ['version']).status === 0 ? test : test.skip
  withOpenssl('a certificate that is not trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-days', '2']
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject])
    const secure = createServer({ key: readFileSync(key), cert: readFileSync(cert) })
    rmSync(folder, { recursive: true })
    const endpoint = `https://127.0.0.1:${await portOf(secure)}`
    // Later releases of Node say more.
    const said =
      /: DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate.*; the certificate of (.*) is not trusted: name its /
    for (const each of Object.values(await saidThere(endpoint))) expect(said.exec(each)?.[1]).toBe(endpoint)
  })
})

describe('a table that is missing is named, with where it was looked for', () => {
  beforeEach(() => {
    server.next = () => errorAnswer('ResourceNotFoundException', 'Cannot do operations on a non-existent table')
  })

  test('at an endpoint', async () => {
    const reader = dynamoReader({ table: 'Traces', endpoint: server.url })
    await expect(reader.traces()).rejects.toThrow(
      `there is no table Traces in ${server.url}: create it by \`npx trace-`,
    )
    await reader.close?.()
  })

  test('in a region', async () => {
    const client = {
      config: { region: async () => 'eu-west-1' },
      send: () => Promise.reject(Object.assign(new Error('no'), { name: 'ResourceNotFoundException' })),
    }
    const { message } = await failureOf(dynamoRecorder({ table: 'Traces', client }), many(3))
    expect(message).toContain('there is no table Traces in DynamoDB in eu-west-1: create it by')
  })
})
