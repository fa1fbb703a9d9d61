import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import type { Target } from '../../src/client/targets.js'
import { carriesFunction, propagateToRule } from '../../src/client/targets.js'

test.each<[Target, string, boolean]>([
  ['example.com', 'http://example.com/', true],
  ['example.com', 'https://example.com:8443/', true],
  ['example.com', 'http://api.example.com/', false],
  ['Example.COM', 'http://example.com/', true],
  ['bücher.example', 'http://xn--bcher-kva.example/', true],
  ['example.com:80', 'http://example.com/', true],
  ['example.com:443', 'https://example.com/', true],
  ['example.com:443', 'http://example.com/', false],
  ['example.com:80', 'https://example.com/', false],
  ['example.com:8080', 'http://example.com:8080/', true],
  ['example.com:8080', 'http://example.com:8081/', false],
  ['::1', 'http://[::1]:8080/', true],
  ['0:0::1', 'http://[::1]/', true],
  ['[::1]', 'http://[::1]:8080/', true],
  ['[::1]:8080', 'http://[::1]:8080/', true],
  ['[::1]:8081', 'http://[::1]:8080/', false],
  ['127.0.0.1', 'http://127.0.0.1:3000/', true],
  [/^https:\/\/example\.com\/users$/, 'https://example.com/users?token=1', true],
  [/token/, 'https://example.com/users?token=1', false],
  [/^https:\/\/example\.com\/$/, 'https://example.com:443', true],
])('%p and %s', (target, url, expected) => {
  const carries = carriesFunction([target])
  expect([carries(new URL(url)), carries(new URL(url))]).toEqual([expected, expected])
})

test('a pattern may be of another realm', () => {
  const pattern: RegExp = runInNewContext('/^http:/')
  expect(propagateToRule.test([pattern])).toBe(true)
  expect(carriesFunction([pattern])(new URL('http://example.com'))).toBe(true)
})

test.each([
  '',
  'http://localhost:8080',
  'localhost/',
  'a b',
  '*.example.com',
  'a:b',
  'a:70000',
  'me@a',
  'a?',
  '[x]',
  ':80',
])('what can match no URL is refused: %p', (target) => {
  expect(propagateToRule.test(['localhost', target])).toBe(false)
})
