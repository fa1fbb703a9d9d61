import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { DATA_KEYS, LEDGER_KIND } from '../../src/contract/data-keys.js'

test('data keys stay as they are stored', () => {
  expect([...Object.values(DATA_KEYS), LEDGER_KIND].sort()).toEqual([
    'error.cause',
    'error.errors',
    'error.message',
    'error.stack',
    'error.type',
    'events',
    'events.dropped',
    'http.end_reason',
    'http.request.method',
    'http.response.body.size',
    'http.response.status_code',
    'http.route',
    'http.time_to_first_byte',
    'ledger',
    'links',
    'links.dropped',
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

test('the page of formats says what each data key holds', () => {
  const page = readFileSync(new URL('../../../../docs/formats.md', import.meta.url), 'utf8')
  const described = [...page.matchAll(/^ *\| `([a-z0-9_.]+)` +\|/gm)].map(([, key]) => key)
  expect(described).toEqual(expect.arrayContaining(Object.values(DATA_KEYS)))
})
