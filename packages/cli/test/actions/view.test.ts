import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Printed, trace } from '../support/run.js'
import { writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

/** Runs `trace view` until it has printed its address and that has been looked at. */
async function viewed(args: readonly string[], look: (url: URL) => Promise<void>): Promise<Printed> {
  const stop = new AbortController()
  let looked: Promise<void> | undefined
  const printed = await trace(['view', ...args, '--no-open'], {
    cwd,
    signal: stop.signal,
    onOut: (text) => {
      looked = look(new URL(text.trim())).finally(() => stop.abort())
    },
  })
  expect(looked).toBeDefined()
  await looked
  return printed
}

const bodyOf = async (url: URL | string): Promise<string> => (await fetch(url)).text()

test('prints an address where the page and the traces are, and ends quietly at Ctrl-C', async () => {
  let address = new URL('http://localhost')
  const { code, err } = await viewed(['orders.yaml'], async (url) => {
    address = url
    expect(url.hostname).toBe('127.0.0.1')
    expect(await bodyOf(url)).toContain('<title>Traces</title>')
    expect(JSON.parse(await bodyOf(new URL('api/traces', url))).traces.length).toBeGreaterThan(1)
  })
  expect(code ?? 0).toBe(0)
  expect(err).toBe('trace: shows orders.yaml until Ctrl-C\n'.replace('orders.yaml', err.split(' ')[2] ?? ''))
  await expect(fetch(address)).rejects.toThrow()
})

test.each(['last', 'last-error'])('goes to the trace that %s is', async (id) => {
  await viewed([id, 'inventory.jsonl.gz'], async (url) => {
    const wanted = url.searchParams.get('trace')
    const show = await trace(['show', id, 'inventory.jsonl.gz'], { cwd })
    expect(show.out).toContain(`trace ${wanted} `)
    expect(await bodyOf(new URL(`api/trace?id=${wanted}`, url))).toContain('"count":')
  })
})

test('says that a port is in use, and what is no port', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const taken = await trace(['view', 'orders.yaml', '--no-open', '--port', String(port)], { cwd })
  server.close()
  expect(taken).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`port ${port} is in use`) })
  const wrong = await trace(['view', '--port', '70000'], { cwd })
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('expected a port from 0 to 65535') })
})

test.each(['view', 'show'])(
  '%s says of a word that is neither an id nor a store what it may be, whether or not there is a store',
  async (command) => {
    for (const word of ['notes.txt', './here', 'a\u001b[31mb\nc.yaml']) {
      const { code, out, err } = await trace([command, word], { cwd })
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(
        /^trace: expected a trace's id[^\n\x1b]*A file is named by a path that is there, or behind --from\n$/,
      )
    }
  },
)

test('a trace that is not there is not shown', async () => {
  expect(await trace(['view', '42424242', 'orders.yaml', '--no-open'], { cwd })).toMatchObject({ code: 1, out: '' })
})

test('export --to html writes one trace as a page, and no more than one', async () => {
  const one = await trace(['export', 'last', 'orders.yaml', '--to', 'html'], { cwd })
  expect(one.code ?? 0).toBe(0)
  expect(one.out).toMatch(/^<!doctype html>[\s\S]*id="spans"/)
  const all = await trace(['export', 'orders.yaml', '--to', 'html'], { cwd })
  expect(all).toMatchObject({ code: 2, out: '', err: expect.stringContaining('a page shows one trace') })
})

test('export --to html has the ledgers that say why spans are missing, and none for a trace that lacks nothing', async () => {
  const hosts = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz']
  const spansOf = async (id: string): Promise<string | undefined> => {
    const { out } = await trace(['export', id, ...hosts, '--to', 'html'], { cwd })
    return /id="spans"[^>]*>([^<]*)</.exec(out)?.[1]
  }
  expect(await spansOf('last')).toContain('dropped.queue_full')
  const whole = await spansOf('last-error')
  expect(whole).toContain('there is no shelf')
  expect(whole).not.toContain('dropped.queue_full')
})
