import { expect, test } from '@jest/globals'
import { ledgersFor } from '../../src/server/ledgers.js'
import { aSpan, checkout, lacking, storeOf } from '../support/store.js'

const ledger = (parts: Parameters<typeof aSpan>[0]): ReturnType<typeof aSpan> =>
  aSpan({ kind: 'ledger', name: 'spans', ...parts })

const { signal } = new AbortController()

test('gives the ledgers of the time of a trace that lacks spans, and the last of each process', async () => {
  const { spans, ledgers } = lacking()
  const before = ledger({ traceId: 2_000n, from: -500_000 })
  const [after, last] = [ledger({ traceId: 2_001n, from: 60_000 }), ledger({ traceId: 2_002n, from: 120_000 })]
  const store = await storeOf(spans, [...ledgers, before, after, last])
  const found = await ledgersFor(store, spans, signal)
  expect(found).toEqual({ ledgers: [...ledgers, last], problem: undefined })
})

test('reads none for a trace that lacks nothing, and says why where they cannot be read', async () => {
  const store = await storeOf()
  const broken = { ...store, traces: () => Promise.reject(new Error('no such table')) }
  expect(await ledgersFor(broken, [aSpan()], signal)).toEqual({ ledgers: [], problem: undefined })
  expect((await ledgersFor(broken, checkout(), signal)).problem).toContain('no such table')
})
