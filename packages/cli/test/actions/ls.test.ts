import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { expectGolden, trace } from '../support/run.js'
import { idOf, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

const HOSTS = ['*.jsonl*', 'orders.yaml']

test.each([
  ['ls.txt', []],
  ['ls-errors.txt', ['--errors']],
  ['ls-slow.txt', ['--min', '200ms', '--sort', 'duration']],
  ['ls-search.txt', ['service:inventory', 'duration:>100ms']],
])('the list of three hosts in %s', async (name, args) => {
  const { code, out, err } = await trace(['ls', ...HOSTS, ...args], { cwd })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expectGolden(name, out)
})

test('a trace is found by conditions that spans of different hosts meet', async () => {
  const { out } = await trace(['ls', ...HOSTS, '@user.id:42', '--min', '400ms', '--json'], { cwd })
  const [found, ...others] = out.trim().split('\n')
  expect(others).toEqual([])
  expect(JSON.parse(found ?? '')).toEqual({
    trace_id: String(idOf(10)),
    start: '2026-01-31T09:30:20Z',
    duration_ns: 442_000_000,
    services: ['gateway', 'orders', 'inventory'],
    process: 'gateway:4711@host-1',
    kind: 'request',
    name: 'GET /checkout/:item',
    spans: 7,
    failed: 0,
    open: 0,
    lost: 0,
  })
})

test('--since and --until', async () => {
  const args = ['--since', '29.5m', '--until', '2026-01-31T09:30:45', '--json']
  const { out } = await trace(['ls', ...HOSTS, ...args], { cwd })
  expect(out.match(/"name":"[^"]+"/g)).toEqual(['"name":"GET /report"', '"name":"GET /checkout/:item"'])
})

test('nothing found is exit code 1, and says where it looked', async () => {
  const nothing = await trace(['ls', 'orders.yaml', 'kind:cache'], { cwd })
  expect(nothing).toEqual({ code: 1, out: '', err: `trace: no trace matches in yaml(${cwd}/orders.yaml)\n` })
})

test.each([200, 300, 600, 1_000])(
  'a budget of %p bytes is kept: rows that fit are shown, and how to see the others',
  async (budget) => {
    const { out, err } = await trace(['ls', ...HOSTS, '--budget', String(budget)], { cwd })
    expect(err).toBe('')
    expect(Buffer.byteLength(out)).toBeLessThanOrEqual(budget)
    expect(out).toContain(String(idOf(14)).slice(0, 9))
    const [, left = '0', until = ''] = /\n… (\d+) more, with --until (\S+)\n$/.exec(out) ?? []
    const ids = out.match(/ \d{9}(…|\d{9,})/g) ?? []
    expect(ids.length + Number(left)).toBe(11)
    if (left === '0') return expect(out).toMatch(/\n… narrow, to fit: a larger --budget shows all\n$/)
    const rest = await trace(['ls', ...HOSTS, '--until', until], { cwd })
    expect(rest.out.match(/\d{18,20}/g)).toHaveLength(Number(left))
  },
)

test('a budget keeps JSON lines whole; what does not fit is said on standard error', async () => {
  const { out, err } = await trace(['ls', ...HOSTS, '--json', '--budget', '600'], { cwd })
  expect(Buffer.byteLength(out)).toBeLessThanOrEqual(600)
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).trace_id),
  ).toEqual([String(idOf(14)), String(idOf(13))])
  expect(err).toBe('trace: 9 of 11 objects do not fit; a larger --budget prints more of them\n')
})

test.each([
  [[], {}, 'there is no traces.yaml in'],
  [['none.yaml'], {}, 'there is no such file'],
  [['none*.yaml'], {}, 'no file'],
  [[], { TRACE_RECORDER: 'jsonl:/nowhere/traces.jsonl' }, 'there is no such file'],
])('a store that cannot be read is exit code 3: %j %j', async (args, env, message) => {
  const { code, out, err } = await trace(['ls', ...args], { cwd, env })
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toContain(message)
})
