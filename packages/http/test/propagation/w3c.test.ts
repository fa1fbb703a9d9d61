import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { extract } from '../../src/propagation/carrier.js'
import { w3c } from '../../src/propagation/w3c.js'
import { hop, LOWER, PARENT, TRACE } from '../support/hop.js'

/** The cases of the recommendation's own test suite: https://github.com/w3c/trace-context/blob/main/test/test.py */
describe('w3c: traceparent', () => {
  test.each([
    `00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
    ` 00-${TRACE}-${PARENT}-01`,
    `\t00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01 `,
    `\t 00-${TRACE}-${PARENT}-01 \t`,
  ])('%j is valid', (traceparent) => {
    expect(extract({ traceparent }, { propagators: [w3c()] })).toMatchObject({
      traceId: LOWER,
      parentId: BigInt(`0x${PARENT}`),
      sampled: true,
    })
    expect(hop([w3c()], { traceparent })['traceparent']).toMatch(
      new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-01$`),
    )
  })

  test.each([
    `00-${TRACE}-${PARENT}-01.`,
    `00-${TRACE}-${PARENT}-01\u00a0`,
    `\u00a000-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
    `cc-${TRACE}-${PARENT}-01.what-the-future-will-be-like`,
    `ff-${TRACE}-${PARENT}-01`,
    `.0-${TRACE}-${PARENT}-01`,
    `0.-${TRACE}-${PARENT}-01`,
    `000-${TRACE}-${PARENT}-01`,
    `0000-${TRACE}-${PARENT}-01`,
    `0-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-.2345678901234567890123456789012-${PARENT}-01`,
    `00-1234567890123456789012345678901.-${PARENT}-01`,
    `00-${TRACE}3-${PARENT}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-.234567890123456-01`,
    `00-${TRACE}-123456789012345.-01`,
    `00-${TRACE}-${PARENT}7-01`,
    `00-${TRACE}-${PARENT.slice(1)}-01`,
    `00-${TRACE}-${PARENT}-.0`,
    `00-${TRACE}-${PARENT}-0.`,
    `00-${TRACE}-${PARENT}-001`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE.replace('1', 'A')}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(100_000)}`,
    '',
  ])('%j is not: a new trace', (traceparent) => {
    expect(extract({ traceparent, tracestate: 'foo=1' }, { propagators: [w3c()] })).toBeUndefined()
    const out = hop([w3c()], { traceparent, tracestate: 'foo=1' })
    expect(out['traceparent']).toMatch(/^00-0{16}[0-9a-f]{16}-[0-9a-f]{16}-01$/)
    expect(out).not.toHaveProperty('tracestate')
  })

  test('an id whose lower half is 0 begins a new trace, without the tracestate', () => {
    const out = hop([w3c()], { traceparent: `00-${'1'.repeat(16)}${'0'.repeat(16)}-${PARENT}-01`, tracestate: 'foo=1' })
    expect(out['traceparent']).toMatch(/^00-0{16}/)
    expect(out).not.toHaveProperty('tracestate')
  })

  test.each(['00', '01', '02', '03', 'ff'])('the sampled and the random flag of %s survive a hop', (flags) => {
    const expected = `0${Number.parseInt(flags, 16) & 3}`
    expect(hop([w3c()], { traceparent: `00-${TRACE}-${PARENT}-${flags}` })['traceparent']).toMatch(
      new RegExp(`-${expected}$`),
    )
  })
})

describe('w3c: tracestate', () => {
  const after = (tracestate: string): string | undefined =>
    hop([w3c()], { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate })['tracestate']
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/'
  const value = String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i)).replace(/[,=]/g, '')
  const members = (count: number): string => Array.from({ length: count }, (_, i) => `bar${i}=${i}`).join(',')

  test.each<[string, string]>([
    ['foo=1,bar=2', 'foo=1,bar=2'],
    ['foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'],
    ['\t foo=1 \t', 'foo=1'],
    ['foo=1, , rojo=1', 'foo=1,rojo=1'],
    ['foo=1,', 'foo=1'],
    ['foo=1,foo=2', 'foo=1'],
    [`${letters}=${value}`, `${letters}=${value}`],
    [`${letters}@a-z0-9_-*/=${value}`, `${letters}@a-z0-9_-*/=${value}`],
    ['foo@=1,bar=2', 'foo@=1,bar=2'],
    ['foo@@bar=1,bar=2', 'foo@@bar=1,bar=2'],
    ['foo@bar@baz=1,bar=2', 'foo@bar@baz=1,bar=2'],
    [members(32), members(32)],
    [`foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
    [`foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`, `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
    [`foo=1,t@${'v'.repeat(15)}=1`, `foo=1,t@${'v'.repeat(15)}=1`],
  ])('%j goes on', (given, expected) => expect(after(given)).toBe(expected))

  test.each([
    '',
    'foo',
    'foo =1',
    'FOO=1',
    'foo.bar=1',
    '@foo=1,bar=2',
    'foo=bar=baz',
    'foo=,bar=3',
    members(33),
    `foo=1,${'z'.repeat(257)}=1`,
    `foo=${'x'.repeat(257)}`,
    'foo=1\u0007',
    'x'.repeat(100_000),
  ])('%j does not', (given) => expect(after(given)).toBeUndefined())

  test('beyond 512 characters long members go first, then the last', () => {
    const long = `long=${'x'.repeat(200)}`
    const short = Array.from({ length: 20 }, (_, i) => `key${i}=${'y'.repeat(20)}`)
    expect(after([short[0], long, ...short.slice(1, 10)].join(','))).toBe(
      [short[0], long, ...short.slice(1, 10)].join(','),
    )
    const kept = after([long, ...short].join(',')) ?? ''
    expect(kept.length).toBeLessThanOrEqual(512)
    expect(kept.split(',')).toEqual(short.slice(0, kept.split(',').length))
  })

  // With quadratic work this would take half an hour, and the test would time out.
  test('blanks within do not hold a request up, however many', async () => {
    const blanks = `a=b${' '.repeat(8_100)}x`
    for (let time = 0; time < 30_000; time++) {
      if (after(blanks) !== undefined) throw new Error('it goes on')
      if (time % 100 === 0) await turn()
    }
  })
})
