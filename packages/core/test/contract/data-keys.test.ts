import { expect, test } from '@jest/globals'
import { DATA_KEYS, LEDGER_KIND } from '../../src/contract/data-keys.js'

test('data keys stay as they are stored', () => {
  expect([...Object.values(DATA_KEYS), LEDGER_KIND].sort()).toEqual([
    'error.cause',
    'error.errors',
    'error.message',
    'error.stack',
    'error.type',
    'http.end_reason',
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'http.time_to_first_byte',
    'ledger',
    'parent.remote',
    'request.id',
    'server.address',
    'server.port',
    'untrusted.parent',
    'url.path',
    'url.query',
    'w3c.trace_id',
  ])
})
