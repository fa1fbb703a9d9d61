import { expect, test } from '@jest/globals'
import { openReader, openRecorder } from '../src/index.js'

test('a URL names a file, or standard output', () => {
  const url = new URL('yaml:/var/log/a%20b.yaml')
  expect([openRecorder(url).name, openReader(url).name]).toEqual(['yaml(/var/log/a b.yaml)', 'yaml(/var/log/a b.yaml)'])
  expect(openRecorder(new URL('yaml:-')).name).toBe('yaml(stdout)')
  expect(() => openReader(new URL('yaml:-'))).toThrow('standard output cannot be read')
  expect(() => openRecorder(new URL('yaml://traces.yaml'))).toThrow('write yaml:traces.yaml')
})
