import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { completeSearch } from '../../src/search/complete.js'
import { parseSearch } from '../../src/search/search.js'

const KNOWN = {
  services: ['orders', 'our shop'],
  kinds: ['db', 'cache'],
  names: ['GET /users/:id', 'get', '*'],
  hosts: ['host-1'],
  keys: ['user.id', 'user.name', 'odd key'],
}

/** What the search is with each of the options. */
function completed(text: string, cursor?: number): string[] {
  const { from, to, options } = completeSearch(text, KNOWN, cursor)
  return options.map((option) => text.slice(0, from) + option + text.slice(to))
}

test.each([
  [
    '',
    [
      'duration:',
      'host:',
      'id:',
      'kind:',
      'name:',
      'process:',
      'service:',
      'span:',
      'status:',
      'trace:',
      '@"odd key":',
      '@user.id:',
      '@user.name:',
    ].sort(),
  ],
  ['a s', ['a service:', 'a span:', 'a status:']],
  ['-ki', ['-kind:']],
  ['kind:', ['kind:cache', 'kind:db']],
  ['-kind:d', ['-kind:db']],
  ['service:o', ['service:"our shop"', 'service:orders']],
  ['service:"our s', ['service:"our shop"']],
  ['name:G', ['name:"GET /users/:id"', 'name:get']],
  ['host:', ['host:host-1']],
  ['status:', ['status:error', 'status:ok']],
  ['duration:', ['duration:<', 'duration:<=', 'duration:>', 'duration:>=']],
  ['@user', ['@user.id:', '@user.name:']],
  ['@o', ['@"odd key":']],
  ['@user.id:4', []],
  ['id:', []],
  ['toString:', []],
])('%s', (text, options) => expect(completed(text)).toEqual(options))

test('completes where the cursor is', () => expect(completed('ki kind:db', 2)).toEqual(['kind: kind:db']))

test('a value that it offers is one that the search then finds', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const { options } = completeSearch('name:', { names: [name] })
      const span = {
        spanId: 1n,
        traceId: 1n,
        parentId: 0n,
        process: '',
        kind: '',
        name,
        start: 0n,
        finish: 0n,
        data: {},
      }
      expect(parseSearch(`name:${options[0]}`).matches(span)).toBe(true)
    }),
  )
})
