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
import { failureOf, many, runProgram } from '../support/spans.js'

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
      ' answered 502 Bad Gateway, without an error from DynamoDB (nginx, text/html): is a proxy in between?',
    ],
    [
      '500 and nothing',
      { status: 500 },
      ' answered 500 Internal Server Error, without an error from DynamoDB: is a proxy in between?',
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
      `the endpoint ${endpoint} is not a URL that begins with http:// or https://; check the`,
    )
    const bad = /option "endpoint": expected a URL that begins with http:\/\/ or https:\/\//
    expect(() => dynamoRecorder({ table: 'Traces', endpoint })).toThrow(bad)
  })
})

describe('an endpoint that cannot be reached is named, with what to do', () => {
  const servers: Server[] = []
  const endpoints: Record<string, string> = {}
  const CASES: readonly (readonly [name: string, said: RegExp])[] = [
    [
      'nothing listens',
      /connect ECONNREFUSED (127\S+); nothing listens at http:\/\/\1: start it, or check the endpoint/,
    ],
    [
      'a name that does not exist',
      /getaddrinfo E\w+ .*; no address is found for http:\/\/no-such-host.invalid:8000: check region, /,
    ],
    ['http where https is asked for', /; https:\/\/127\S+ does not speak TLS correctly: did you mean http:\/\/\?/],
    ['what is no HTTP', /; http:\/\/127\S+ does not speak HTTP: did you mean https:\/\/\?/],
    // Later releases of Node say more.
    [
      'a certificate that is not trusted',
      /: DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate.*; the certificate of https:\/\/127\S+ is not trusted: set NODE_EXTRA_CA_CERTS /,
    ],
  ]
  const withOpenssl = spawnSync('openssl', ['version']).status === 0
  const cases = withOpenssl ? CASES : CASES.slice(0, -1)

  async function portOf(listening: Server): Promise<number> {
    servers.push(listening)
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    return (listening.address() as AddressInfo).port
  }

  beforeAll(async () => {
    const gone = createTcpServer()
    endpoints['nothing listens'] = `http://127.0.0.1:${await portOf(gone)}`
    await new Promise((resolve) => gone.close(resolve))
    endpoints['a name that does not exist'] = 'http://no-such-host.invalid:8000'
    endpoints['http where https is asked for'] = server.url.replace('http', 'https')
    const talker = createTcpServer((socket) => socket.on('error', () => {}).end('\u0015\u0003\u0001'))
    endpoints['what is no HTTP'] = `http://127.0.0.1:${await portOf(talker)}`
    if (withOpenssl)
      endpoints['a certificate that is not trusted'] = `https://127.0.0.1:${await portOf(secureServer())}`
  })
  afterAll(() => {
    for (const each of servers) each.close()
  })

  function secureServer(): Server {
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-days', '2']
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject])
    const secure = createServer({ key: readFileSync(key), cert: readFileSync(cert) })
    rmSync(folder, { recursive: true })
    return secure
  }

  test.each(cases)('%s, also in Jest, whose errors the SDK wraps', async (name, said) => {
    const all = Object.entries(await saidOf(endpoints[name]))
    for (const [, each] of all) {
      expect(each).toMatch(said)
      expect(each).not.toContain('wrapper')
    }
  })

  test('all of them, in a process of its own', async () => {
    const program = `
      const span = { spanId: 1n, traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }
      const saying = (promise) => promise.then(() => '', (error) => error.message)
      const said = (endpoint) => {
        const options = { table: 'Traces', endpoint, requestTimeout: 60_000 }
        return Promise.all([
          saying(dynamorec.dynamoRecorder({ ...options, attempts: 2 }).record([span])),
          saying(dynamorec.dynamoReader(options).trace(1n)),
          saying(dynamorec.createTraceTable(options)),
        ])
      }
      console.log(JSON.stringify(await Promise.all(${JSON.stringify(cases.map(([name]) => endpoints[name]))}.map(said))))
      process.exit()`
    const { out } = await runProgram(program, CREDENTIALS)
    const answers: string[][] = JSON.parse(out)
    for (const [at, [, said]] of cases.entries()) {
      expect(answers[at]).toEqual([
        expect.stringMatching(said),
        expect.stringMatching(said),
        expect.stringMatching(said),
      ])
    }
  })

  test('no answer', async () => {
    server.next = () => 'hang'
    const recorder = dynamoRecorder({ table: 'Traces', endpoint: server.url, requestTimeout: 50, attempts: 1 })
    const { message } = await failureOf(recorder, many(3))
    expect(message).toContain(
      `TimeoutError: no answer within 50 ms; check that this process can reach ${server.url}, and`,
    )
    await recorder.close?.()
  })
})

describe('a table that is missing is named, with where it was looked for', () => {
  beforeEach(() => {
    server.next = () => errorAnswer('ResourceNotFoundException', 'Cannot do operations on a non-existent table')
  })

  test('at an endpoint', async () => {
    const reader = dynamoReader({ table: 'Traces', endpoint: server.url })
    await expect(reader.traces()).rejects.toThrow(
      `there is no table Traces in ${server.url}: create it with \`npx trace-`,
    )
    await reader.close?.()
  })

  test('in a region', async () => {
    const client = {
      config: { region: async () => 'eu-west-1' },
      send: () => Promise.reject(Object.assign(new Error('no'), { name: 'ResourceNotFoundException' })),
    }
    const { message } = await failureOf(dynamoRecorder({ table: 'Traces', client }), many(3))
    expect(message).toContain('there is no table Traces in DynamoDB in eu-west-1: create it with')
  })
})
