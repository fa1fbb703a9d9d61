import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { describe, TraceError } from '@trace/core'

/**
 * Trusts callers by their address, for `honorReqHeader`: `fromAddresses(['10.0.0.0/8', '::1'])`. It is the address of the
 * other end of the connection that counts, a proxy's where there is one; headers such as `X-Forwarded-For` are not read,
 * since anybody can write them.
 *
 * @param addresses IPv4 and IPv6, single ones or ranges in CIDR notation; what is written as IPv4 is found as IPv4 mapped
 * to IPv6 too, and the other way round
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the entry that is no address
 */
export function fromAddresses(addresses: readonly string[]): (req: IncomingMessage) => boolean {
  if (!Array.isArray(addresses)) throw badEntry(addresses, 'a list of addresses')
  const list = new BlockList()
  for (const entry of addresses) add(list, entry)
  return (req) => {
    const address = unmapped(req.socket?.remoteAddress?.replace(/%.*$/, '') ?? '')
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
/** How many bits of an IPv4-mapped IPv6 address stand before the IPv4 address. */
const MAPPED_BITS = 96

function unmapped(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address
}

function add(list: BlockList, entry: unknown): void {
  if (typeof entry !== 'string') throw badEntry(entry)
  const [, written = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const address = unmapped(written)
  const version = isIP(address)
  if (version === 0) throw badEntry(entry)
  const most = version === 4 ? 32 : 128
  const prefix = bits === undefined ? most : Number(bits) - (address === written ? 0 : MAPPED_BITS)
  if (prefix < 0 || prefix > most) throw badEntry(entry)
  list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
}

function badEntry(entry: unknown, expected = "an IP address or a range, such as '10.0.0.0/8'"): TraceError {
  return new TraceError('TRACE_BAD_OPTION', `fromAddresses: expected ${expected}, got ${describe(entry)}`)
}
