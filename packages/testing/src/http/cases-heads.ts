import { deepStrictEqual, equal } from 'node:assert/strict'
import { isFailed } from '@trace/core'
import type { Reply } from './client.js'
import type { HttpAbilities, SuiteHandler, SuiteResponse } from './server.js'
import { type Add, onlySpan, type Setup } from './stand.js'

/** Headers of responses: whichever way the program writes them, they are unchanged, and the id is added. */
export function addHeadCases(add: Add, suite: HttpAbilities): void {
  for (const [how, headers] of Object.entries(COOKIES)) addCookies(add, how, headers)
  addOwn(add)
  addTakenOff(add)
  addUnseen(add)
  addRefused(add)
  addShadowed(add, suite)
}

/** Two headers with the same name, in every form that Node accepts. */
const COOKIES: Readonly<Record<string, unknown>> = {
  'an object': { 'Set-Cookie': ['a=1', 'b=2'] },
  'a flat list': ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
  'a list of pairs': [
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ],
}

/** Calls `writeHead` with arguments that it accepts although its types do not say so. */
function writeHead(res: SuiteResponse, ...args: unknown[]): void {
  Reflect.apply(res.writeHead, res, args)
}

function addCookies(add: Add, how: string, headers: unknown): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    // If a framework has set headers before, Node merges both, and accepts no lists.
    const isMerged = res.getHeaderNames().some((name) => name !== 'x-request-id')
    try {
      writeHead(res, 200, isMerged ? COOKIES['an object'] : headers)
      res.end('fine')
    } catch (error) {
      res.end(`refused: ${String(error)}`)
    }
  }
  add(`${how} that a handler gives for headers is sent whole, with the id`, { handle }, async (stand) => {
    const reply = await stand.client.ask({ path: '/any' })
    equal(reply.body, 'fine')
    equal(joined(reply, 'set-cookie'), 'a=1, b=2')
    equal(reply.headers['x-request-id'], String((await onlySpan(stand)).traceId))
  })
}

/** The HTTP/2 client makes a list of several values. */
function joined({ headers }: Reply, name: string): string | undefined {
  return headers[name]?.replace(/, ?/g, ', ')
}

const OWN: Readonly<Record<string, (res: SuiteResponse) => void>> = {
  'in capitals': (res) => writeHead(res, 200, { 'X-REQUEST-ID': 'mine' }),
  'in a list': (res) => writeHead(res, 200, ['X-Request-ID', 'mine']),
  'that is set': (res) => res.setHeader('X-Request-ID', 'mine'),
}

function addOwn(add: Add): void {
  for (const [how, write] of Object.entries(OWN)) {
    const handle: Setup['handle'] = () => (_req, res) => {
      write(res)
      res.end('fine')
    }
    add(`a handler's own response header ${how} stands alone`, { handle }, async (stand) => {
      equal((await stand.client.ask({ path: '/any' })).headers['x-request-id'], 'mine')
    })
  }
}

function addTakenOff(add: Add): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    res.setHeader('X-Other', 'a')
    // Many frameworks do this before they answer an error.
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.end('fine')
  }
  add('headers that are all taken off do not take the id with them', { handle }, async (stand) => {
    const { headers } = await stand.client.ask({ path: '/any' })
    equal(headers['x-other'], undefined)
    equal(headers['x-request-id'], String((await onlySpan(stand)).traceId))
  })
}

function addUnseen(add: Add): void {
  const seen: unknown[] = []
  const handle: Setup['handle'] = () => (_req, res) => {
    seen.push(res.hasHeader('x-request-id'))
    const given = { 'X-Other': 'a' }
    writeHead(res, 200, given)
    seen.push(Object.keys(given).join())
    res.end('fine')
  }
  add('a handler sees nothing of the id among its own headers', { handle }, async (stand) => {
    seen.splice(0)
    equal((await stand.client.ask({ path: '/any' })).headers['x-other'], 'a')
    deepStrictEqual(seen, [false, 'X-Other'])
  })
}

function addRefused(add: Add): void {
  const codes: unknown[] = []
  const refusedBy: SuiteHandler = (_req, res) => {
    for (const args of [
      [200, { 'X-Bad': undefined }],
      [42, {}],
    ]) {
      try {
        writeHead(res, ...args)
      } catch (error) {
        codes.push(Reflect.get(Object(error), 'code'))
      }
    }
    res.statusCode = 202
    res.end('fine')
  }
  add('a head that Node refuses is refused, and another one sent', { handle: () => refusedBy }, async (stand) => {
    codes.splice(0)
    const { status, headers } = await stand.client.ask({ path: '/any' })
    equal(status, 202)
    equal(headers['x-request-id'], String((await onlySpan(stand)).traceId))
    equal(codes.length, 2, 'Node has refused neither')
  })
}

/** Does what @fastify/express does. */
function addShadowed(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    for (const name of ['headersSent', 'writableFinished', 'closed', 'errored']) {
      Object.defineProperty(res, name, { get: () => false, configurable: true })
    }
    res.statusCode = 500
    res.end('no')
  }
  add('what a framework says of a response does not hide that it failed', { handle }, async (stand) => {
    equal((await stand.client.ask({ path: '/any' })).status, 500)
    const span = await onlySpan(stand)
    equal(isFailed(span), true)
    if (suite.conventions !== false) equal(span.data['http.response.status_code'], 500)
  })
}
