import { equal } from 'node:assert/strict'
import { Readable } from 'node:stream'
import { DATA_KEYS } from '@trace/core'
import type { SuiteResponse } from './server.js'
import { type Add, isAnswered, onlySpan, type Setup } from './stand.js'

const { httpResponseSize: SIZE } = DATA_KEYS

interface Body {
  readonly method?: string
  readonly status?: number
  readonly send: (res: SuiteResponse) => void
  /** The size of the body as it is sent. */
  readonly bytes: number
}

/** Calls `write` or `end` with arguments that the suite's types do not have. */
function call(res: SuiteResponse, method: 'write' | 'end', ...args: unknown[]): void {
  Reflect.apply(res[method], res, args)
}

function sendTwoParts(res: SuiteResponse): void {
  res.write('some')
  res.end('text')
}

const BODIES: Readonly<Record<string, Body>> = {
  'a text with more bytes than characters': { send: (res) => res.end('\u00fcber 1 \u20ac'), bytes: 11 },
  'texts in other encodings': {
    send: (res) => {
      call(res, 'write', '\u00fc', 'latin1')
      call(res, 'write', 'fcfc', 'hex')
      call(res, 'end', 'w7w=', 'base64')
    },
    bytes: 5,
  },
  bytes: {
    send: (res) => {
      call(res, 'write', new Uint8Array(1_000).fill(0x61))
      call(res, 'end', Buffer.alloc(24, 'b'), () => {})
    },
    bytes: 1_024,
  },
  'a stream': { send: (res) => Readable.from([Buffer.alloc(70_000, 'a'), '\u00fc']).pipe(res), bytes: 70_002 },
  'a body after headers that are sent by themselves': {
    send: (res) => {
      res.flushHeaders?.()
      res.end('late')
    },
    bytes: 4,
  },
  'a body of the length that is given': {
    send: (res) => {
      res.setHeader('Content-Length', '8')
      sendTwoParts(res)
    },
    bytes: 8,
  },
  'no body': { send: (res) => void res.end(), bytes: 0 },
  'a body that is written for HEAD': { method: 'HEAD', send: sendTwoParts, bytes: 0 },
  'a body that is written for a response that is not modified': { status: 304, send: sendTwoParts, bytes: 0 },
  'a body that is written for a response without content': { status: 204, send: sendTwoParts, bytes: 0 },
  'a response that is ended twice': {
    send: (res) => {
      res.end('text')
      call(res, 'end')
    },
    bytes: 4,
  },
  'a body that Node refuses, and another one': {
    send: (res) => {
      for (const method of ['write', 'end'] as const) {
        try {
          call(res, method, 42)
        } catch {
          // Node throws for such a chunk.
        }
      }
      res.end('fine')
    },
    bytes: 4,
  },
}

/** The recorded size of a response's body is the number of bytes that arrive. */
export function addSizeCases(add: Add): void {
  for (const [name, { method = 'GET', status = 200, send, bytes }] of Object.entries(BODIES)) {
    const handle: Setup['handle'] = () => (_req, res) => {
      res.statusCode = status
      send(res)
    }
    add(`the size of ${name} is ${bytes} bytes`, { handle }, async (stand) => {
      const { body } = await stand.client.ask({ path: '/any', method })
      equal(Buffer.byteLength(body, 'latin1'), bytes, 'other bytes have arrived')
      equal((await onlySpan(stand)).data[SIZE], bytes)
    })
  }
  addBroken(add)
}

function addBroken(add: Add): void {
  const handle: Setup['handle'] = (stand) => (req, res) => {
    if (req.url === '/any/half') {
      res.writeHead(200)
      res.write('some')
      res.write('text')
    }
    setTimeout(() => stand.client.leave(), 20)
  }
  add(
    'the size of a response that a client leaves is that of what was written until then',
    { handle },
    async (stand) => {
      equal(await isAnswered(stand, '/any/half'), false)
      equal((await onlySpan(stand)).data[SIZE], 8)
    },
  )
  add('a response that was not sent has no size', { handle }, async (stand) => {
    equal(await isAnswered(stand), false)
    equal((await onlySpan(stand)).data[SIZE], undefined)
  })
}
