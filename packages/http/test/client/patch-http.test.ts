import { once } from 'node:events'
import http, { type ClientRequest, type RequestOptions } from 'node:http'
import { describe, expect, jest, test } from '@jest/globals'
import {
  base,
  clientSpans,
  off,
  on,
  received,
  receivedIds,
  recorder,
  requestIds,
  tracer,
} from '../support/client-stand.js'

const OPTIONS: readonly (readonly [string, RequestOptions])[] = [
  ['plain options', {}],
  ['a list of headers', { headers: ['Host', 'localhost'] }],
  ['Expect', { headers: { Expect: '100-continue' } }],
]

/** Replaces a function while another function runs, as tests and monitoring agents do. */
async function replaced(name: 'request' | 'get', value: unknown, fn: () => Promise<unknown>): Promise<void> {
  const original = http[name]
  Reflect.set(http, name, value)
  try {
    await fn()
  } finally {
    Reflect.set(http, name, original)
  }
}

/** A proxy that forwards nothing: every access to it throws. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('what somebody else has put in the place of request, and gives something else', () => {
  const VALUES: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['any object', {}],
    ['an emitter of its own', { on: () => {}, end: () => {} }],
    ['a proxy that was revoked', revoked()],
  ]
  test.each(VALUES.flatMap(([what, value]) => OPTIONS.map(([how, options]) => ({ what, how, value, options }))))(
    'is passed on: $what, for $how',
    async ({ value, options }) => {
      await replaced(
        'request',
        () => value,
        async () => {
          on()
          const made: unknown[] = []
          await clientSpans(async () => made.push(http.request(`${base}/a`, options)))
          expect(Object.is(made[0], value)).toBe(true)
          expect(tracer.stats().open).toBe(0)
        },
      )
    },
  )
})

describe('what somebody else has put in the place of get', () => {
  test('is called instead of Node’s', async () => {
    const stub = jest.fn((..._args: unknown[]) => 'a stub')
    await replaced('get', stub, async () => {
      on()
      await clientSpans(async () => expect(http.get(`${base}/a`, { method: 'GET' })).toBe('a stub'))
    })
    expect(stub.mock.calls).toEqual([[`${base}/a`, { method: 'GET' }]])
    expect(received).toEqual([])
  })

  test('and makes requests, which have a span each, and the ids', async () => {
    const original = http.get
    const mine = (url: string, options: RequestOptions): ClientRequest => original(url, options)
    const other = (url: string, options: RequestOptions): ClientRequest => http.request(url, options).end()
    for (const get of [mine, other]) {
      await replaced('get', get, async () => {
        on()
        const spans = await clientSpans(async () => {
          const [response] = await once(Reflect.apply(http.get, http, [`${base}/a`, {}]), 'response')
          await once(response.resume(), 'end')
        })
        off()
        expect(spans).toHaveLength(1)
        expect(receivedIds()).toEqual(requestIds(spans))
        received.length = 0
        recorder.clear()
      })
    }
  })

  test('stays where it is when the tracing of clients is switched off', async () => {
    const stub = () => {}
    await replaced('get', stub, async () => {
      on()
      off()
      expect(http.get).toBe(stub)
    })
  })
})
