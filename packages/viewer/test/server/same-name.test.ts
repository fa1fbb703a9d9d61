import { expect, test } from '@jest/globals'
import { sameName } from '../../src/server/same-name.js'
import { aSpan, storeOf } from '../support/store.js'

const wanted = { service: 'gateway', kind: 'request', name: 'GET /', besides: 7n, than: 15e6 }

test('counts each span of one service, kind and name once, but for those of the trace that is looked at', async () => {
  const [open, slow] = [aSpan({ traceId: 8n, finish: undefined }), aSpan({ traceId: 9n, ms: 20 })]
  const later = { ...open, finish: open.start + 10_000_000n }
  const others = [{ name: 'GET /x' }, { kind: 'db' }, { process: 'orders:1@h' }, { traceId: 7n }]
  const store = await storeOf(
    [open, later, slow, aSpan({ traceId: 10n, finish: undefined })],
    others.map((each) => aSpan({ traceId: 11n, ...each })),
  )
  expect(await sameName(store, wanted)).toMatchObject({
    spans: 3,
    traces: 3,
    open: 1,
    failed: 0,
    shorter: 1,
    longest: 20e6,
    incomplete: undefined,
  })
})

test('says so where it has looked at as many as it may, or for as long', async () => {
  const store = await storeOf(Array.from({ length: 3_000 }, () => aSpan({ traceId: 8n })))
  expect(await sameName(store, wanted, { most: 10 })).toMatchObject({
    spans: 10,
    incomplete: 'only 10 of its spans were looked at',
  })
  expect(await sameName(store, wanted, { longest: 0 })).toMatchObject({
    incomplete: 'the store was read for 0 s only',
  })
  const stuck = {
    ...store,
    traces: (_query: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  }
  expect(await sameName(stuck, wanted, { longest: 1 })).toMatchObject({
    spans: 0,
    incomplete: expect.stringContaining('only'),
  })
})
