import { deepStrictEqual, equal, throws } from 'node:assert/strict'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { currentSpan, currentSpanId } from '@trace/core'
import type { HttpAbilities } from './server.js'
import { type Add, onlySpan, type Setup } from './stand.js'

/** Streams and events of requests and responses: they run in the request's context, and are otherwise unchanged. */
export function addEventCases(add: Add, suite: HttpAbilities): void {
  addStreams(add)
  if (suite.events === false) return
  addEmitters(add)
  addLate(add)
}

function addStreams(add: Add): void {
  const found: bigint[] = []
  const handle: Setup['handle'] = () => async (req, res) => {
    let text = ''
    for await (const chunk of req) {
      text += chunk
      found.push(currentSpanId())
    }
    const upper = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        found.push(currentSpanId())
        res.write(String(chunk))
        done()
      },
    })
    await pipeline(Readable.from([text, ' and more']), upper)
    found.push(currentSpanId())
    res.end()
  }
  add('the context holds in streams', { handle }, async (stand) => {
    found.splice(0)
    const { body } = await stand.client.ask({ path: '/any', method: 'POST', body: 'some body' })
    const { spanId } = await onlySpan(stand)
    equal(body, 'some body and more')
    deepStrictEqual(found, [spanId, spanId, spanId, spanId])
  })
}

function addEmitters(add: Add): void {
  const seen: unknown[] = []
  const handle: Setup['handle'] = () => (req, res) => {
    const removed = (): void => void seen.push('removed')
    res.on('own', removed)
    res.off('own', removed)
    res.once('own', function (this: unknown, ...args: unknown[]) {
      seen.push(this === res, currentSpanId(), ...args)
    })
    setImmediate(() => {
      seen.push(res.emit('own', 1, 2, 3, 4), res.emit('own'), res.emit('other'))
      throws(() => req.emit('error', new Error('nobody listens')), /nobody listens/)
      res.end('fine')
    })
  }
  add('listeners keep what they are called with, and can be removed', { handle }, async (stand) => {
    seen.splice(0)
    await stand.client.ask({ path: '/any' })
    deepStrictEqual(seen, [true, (await onlySpan(stand)).spanId, 1, 2, 3, 4, true, false, false])
  })
}

function addLate(add: Add): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    res.on('close', () => {
      const data = currentSpan()?.data
      if (data !== undefined) data['suite.late'] = true
    })
    res.end('fine')
  }
  add('what a listener of the end adds to the span is kept', { handle }, async (stand) => {
    await stand.client.ask({ path: '/any' })
    equal((await onlySpan(stand)).data['suite.late'], true)
  })
}
