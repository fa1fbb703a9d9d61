import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { isId, MAX_ID, parseId } from '../../src/values/ids.js'
import { generateId } from '../../src/values/random-ids.js'

describe('generateId', () => {
  test('ids are positive, at most 2^63−1, and distinct over a million draws', () => {
    const most = 2n ** 63n - 1n
    const drawn = new BigUint64Array(1_000_000)
    for (let i = 0; i < drawn.length; i++) {
      const id = generateId()
      if (id <= 0n || id > most) throw new Error(`out of range: ${id}`)
      drawn[i] = id
    }
    // What is drawn twice is side by side then.
    drawn.sort()
    for (let i = 1; i < drawn.length; i++) if (drawn[i] === drawn[i - 1]) throw new Error(`drawn twice: ${drawn[i]}`)
  })
})

test.each([
  [
    "Object.defineProperty(globalThis, 'crypto', { value: undefined })",
    /createTracer: ids are made with the global.*TRACE_NO_CRYPTO/s,
  ],
  [
    'const tracer = make(); Object.defineProperty(globalThis, "crypto", { value: {} }); await tracer.trace("a", "b", () => {})',
    /^$/,
  ],
  ...['', 'Math.random = () => 0;', 'Math.random = () => { throw new Error() };'].map((more): [string, RegExp] => [
    `${more} crypto.getRandomValues = (array) => array
    const seen = new Set(); for (let i = 0; i < 5_000; i++) seen.add(generateId()); make(); console.error(seen.size)`,
    /^5000\s*$/,
  ]),
])('a program that has %s', (does, said) => {
  const core = new URL('../../dist/index.js', import.meta.url).href
  const program = `import { createTracer, generateId, memoryRecorder } from ${JSON.stringify(core)}
    const make = () => createTracer({ service: 'test', recorder: memoryRecorder() })
    ${does}
    make()`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(stderr).toMatch(said)
})

describe('isId', () => {
  test.each([1n, 42n, 2n ** 63n, MAX_ID])('%p is one', (id) => expect(isId(id)).toBe(true))
  test.each([0n, -1n, MAX_ID + 1n, 1, '1', null, undefined])('%p is none', (id) => expect(isId(id)).toBe(false))
})

describe('parseId', () => {
  test.each([
    ['1', 1n],
    ['042', 42n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['9223372036854775808', 2n ** 63n],
    ['18446744073709551615', MAX_ID],
    [`${'0'.repeat(60)}7`, 7n],
  ])('%s', (text, id) => expect(parseId(text)).toBe(id))

  test.each([
    '',
    '0',
    '000',
    '-1',
    '+1',
    ' 1',
    '1 ',
    '1\n',
    '0x2a',
    '4_2',
    '1.0',
    '1e3',
    '٣',
    '18446744073709551616',
    '9'.repeat(50),
  ])('%j is refused', (text) => expect(parseId(text)).toBeUndefined())
})
