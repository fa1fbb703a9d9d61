import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { fromAddresses } from '../../src/server/trust.js'

const from = (remoteAddress: string | undefined) => ({ socket: { remoteAddress } }) as IncomingMessage

describe('fromAddresses', () => {
  const trusted = fromAddresses(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::1', '::ffff:198.51.100.0/120'])

  test.each([
    '10.0.0.0',
    '10.255.255.255',
    '::ffff:10.1.2.3',
    '::FFFF:192.0.2.7',
    '192.0.2.7',
    'fd12:3456::1',
    'fd12::1%eth0',
    '2001:0db8:0::1',
    '198.51.100.9',
    '::ffff:198.51.100.9',
  ])('%s is trusted', (address) => expect(trusted(from(address))).toBe(true))

  test.each([
    '11.0.0.1',
    '::ffff:11.0.0.1',
    '192.0.2.8',
    'fe80::1',
    '2001:db8::2',
    '198.51.101.1',
    '',
    'unix',
    undefined,
  ])('%s is not', (address) => expect(trusted(from(address))).toBe(false))

  test.each([
    ['10.0.0.0/33', '"10.0.0.0/33"'],
    ['10.0.0.0/', '"10.0.0.0/"'],
    ['10.0.0', '"10.0.0"'],
    ['localhost', '"localhost"'],
    ['fd00::/129', '"fd00::/129"'],
    ['::ffff:10.0.0.0/8', '"::ffff:10.0.0.0/8"'],
    ['', '""'],
    [10, '10'],
    [undefined, 'undefined'],
  ])('%j is refused', (entry, named) => {
    const expected = expect.objectContaining({ code: 'TRACE_BAD_OPTION', message: expect.stringContaining(named) })
    expect(() => fromAddresses(['::1', entry as string])).toThrow(expected)
  })

  test('no list is refused, and an empty one trusts nobody', () => {
    expect(() => fromAddresses('10.0.0.1' as never)).toThrow('fromAddresses: expected a list of addresses')
    expect(fromAddresses([])(from('10.0.0.1'))).toBe(false)
  })
})
