import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { trace } from '../support/run.js'
import { storySpans, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => {
  await writeStory(cwd)
  copyFileSync(join(cwd, 'gateway.jsonl'), join(cwd, 'gateway-copy.jsonl'))
  copyFileSync(join(cwd, 'orders.yaml'), join(cwd, 'orders-copy.yaml'))
  // An export beside its source, of another format and in another order.
  await trace(['export', ...HOSTS, '--to', 'yaml', '--out', 'exported.yaml'], { cwd })
})
afterAll(() => rmSync(cwd, { recursive: true }))

const HOSTS = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz']
const TWICE: readonly (readonly [string, readonly string[]])[] = [
  ['copies', [...HOSTS, 'gateway-copy.jsonl', 'orders-copy.yaml']],
  ['a pattern that finds copies', ['*.yaml', '*.jsonl', 'inventory.jsonl.gz']],
  ['an export beside its source', ['exported.yaml', ...HOSTS]],
]

const printed = async (args: readonly string[]): Promise<readonly unknown[]> => {
  const { out } = await trace(args, { cwd })
  const lines = out.trim().split('\n')
  // Sums of fractions depend on their order in the last digit.
  return lines.map((line) =>
    JSON.parse(line, (_, value) => (typeof value === 'number' ? +value.toPrecision(9) : value)),
  )
}

for (const [what, sources] of TWICE) {
  test.each([
    ['stats', []],
    ['stats', ['--graph']],
    ['stats', ['kind:request', '--by', 'service']],
    ['ls', []],
    ['doctor', []],
  ])(`a span that several stores have counts once: ${what}, %s %j`, async (command, args) => {
    const once = await printed([command, ...HOSTS, ...args, '--json'])
    expect(once.length).toBeGreaterThan(0)
    expect(await printed([command, ...sources, ...args, '--json'])).toEqual(once)
  })

  test(`a span that several stores have is exported and copied once: ${what}`, async () => {
    const exported = await trace(['export', ...sources, '--to', 'jsonl'], { cwd })
    expect(exported.err).toBe(`trace: exported ${storySpans().length - 1} spans of 11 traces\n`)
    const { err } = await trace(['copy', ...sources, `${what.replaceAll(' ', '-')}.jsonl`], { cwd })
    // With the one ledger, which an export does not have.
    expect(err).toContain(`trace: ${storySpans().length} spans copied`)
  })
}

const SPAN: Span = {
  traceId: 1n,
  spanId: 2n,
  parentId: 0n,
  process: 'users:1@host-1',
  kind: 'task',
  name: 'sum up',
  start: 1_000_000n,
  finish: 2_000_000n,
  data: {},
}
const write = (name: string, spans: readonly Span[]): void =>
  writeFileSync(join(cwd, name), spans.map(spanToJsonLine).join(''))
const countsOf = async (...names: string[]): Promise<unknown> => {
  const { out } = await trace(['stats', ...names, '--json'], { cwd })
  const { count, open, total_ns } = JSON.parse(out)
  return { count, open, total_ns }
}

test('a span that one store has twice, as after an exit, counts once', async () => {
  write('exited.jsonl', [SPAN, SPAN, { ...SPAN, traceId: 3n }])
  expect(await countsOf('exited.jsonl')).toEqual({ count: 2, open: 0, total_ns: 2_000_000 })
})

test('a span that was copied while it was open counts once, as finished', async () => {
  const early = { ...SPAN, spanId: 9n, start: 500_000n, finish: 600_000n }
  // What is read first is the store whose spans are earlier.
  write('finished.jsonl', [{ ...early, spanId: 10n }, SPAN])
  write('was-open.jsonl', [
    { ...SPAN, spanId: 11n, finish: 2_500_000n },
    { ...SPAN, finish: undefined },
  ])
  const counts = { count: 3, open: 0, total_ns: 2_600_000 }
  expect(await countsOf('finished.jsonl', 'was-open.jsonl')).toEqual(counts)
  expect(await countsOf('was-open.jsonl', 'finished.jsonl')).toEqual(counts)
})

test('a ledger that was recorded again counts once, as its last record says', async () => {
  const ledger: Span = {
    ...SPAN,
    traceId: 7n,
    spanId: 7n,
    kind: 'ledger',
    name: 'ledger',
    data: { 'dropped.closed': 3 },
  }
  const later = { ...ledger, finish: 3_000_000n, data: { 'dropped.closed': 5 } }
  write('lost.jsonl', [SPAN, ledger, later])
  write('lost-copy.jsonl', [SPAN, ledger])
  for (const names of [['lost.jsonl'], ['lost.jsonl', 'lost-copy.jsonl'], ['lost-copy.jsonl', 'lost.jsonl']]) {
    const { out } = await trace(['doctor', ...names, '--json'], { cwd })
    expect(JSON.parse(out)).toMatchObject({ finding: 'lost-spans', count: 5 })
  }
})
