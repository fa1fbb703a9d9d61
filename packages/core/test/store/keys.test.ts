import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dataKey, RESERVED_KEYS, storedKey } from '../../src/store/keys.js'

test('a key that is empty, collides or begins with the prefix is stored with the prefix', () => {
  expect(storedKey('')).toBe('data.')
  expect(storedKey('span_id')).toBe('data.span_id')
  expect(storedKey('elapsed')).toBe('data.elapsed')
  expect(storedKey('data.x')).toBe('data.data.x')
  expect(storedKey('data')).toBe('data')
  expect(storedKey('status')).toBe('status')
})

test('every key comes back, and none is stored as a reserved one', () => {
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom(...RESERVED_KEYS),
    fc.string().map((text) => `data.${text}`),
  )
  fc.assert(
    fc.property(key, (name) => {
      expect(dataKey(storedKey(name))).toBe(name)
      expect(RESERVED_KEYS.has(storedKey(name))).toBe(false)
    }),
  )
})

test('the empty key of the Go package is read as it is', () => expect(dataKey('')).toBe(''))
