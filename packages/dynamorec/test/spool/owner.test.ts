import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { isGone, newOwner, STALE_MS } from '../../src/spool/owner.js'

const now = Date.now()
const longAgo = now - STALE_MS - 1_000

/** A name like that of this process, with other parts. */
function owner(parts: { pid?: number; started?: string; domain?: string }): string {
  const [pid = '', started = '', domain = '', part = ''] = newOwner().split('-')
  return [parts.pid ?? pid, parts.started ?? started, parts.domain ?? domain, part].join('-')
}

test('owners differ, and are there as long as they say so', () => {
  const [one, other] = [newOwner(), newOwner()]
  expect(one).not.toBe(other)
  for (const name of [one, other]) {
    expect(isGone(name, now)).toBe(false)
    expect(isGone(name, longAgo)).toBe(true)
  }
})

test('what no owner gave belongs to nobody', () => {
  for (const name of ['free', '', '1-2-3', 'x-1-00000000-00000000']) expect(isGone(name, now)).toBe(true)
})

test('of another host it is known only by the time', () => {
  const there = owner({ pid: 1, domain: '00000000' })
  expect([isGone(there, now), isGone(there, longAgo)]).toEqual([false, true])
})

// Without /proc, as on macOS, it is not known when a process started.
const withProc = existsSync('/proc/self/stat') ? test : test.skip

withProc('a process of this host is known, however long it has said nothing, and as soon as it has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'process.title = ") Z ("; console.log(); setInterval(() => {}, 1e9)'])
  await once(child.stdout, 'data')
  const { pid = 0 } = child
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const started = stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? ''
  const name = owner({ pid, started })
  expect([isGone(name, now), isGone(name, longAgo)]).toEqual([false, false])
  child.kill('SIGSTOP')
  expect([isGone(name, now), isGone(name, longAgo)]).toEqual([false, false])
  expect(isGone(owner({ pid, started: '17' }), now)).toBe(true)
  expect([isGone(owner({ pid, started: '0' }), now), isGone(owner({ pid, started: '0' }), longAgo)]).toEqual([
    false,
    true,
  ])
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isGone(name, now)).toBe(true)
})
