import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spanToJsonLine } from '@trace/jsonrec'
import { expectGolden, type Printed, trace } from '../support/run.js'
import { idOf, storySpans } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))
beforeAll(() => {
  const write = (name: string, spans: ReturnType<typeof storySpans>): void =>
    writeFileSync(join(cwd, name), spans.map(spanToJsonLine).join(''))
  // Enough of them to tell a difference from noise.
  const often = (spans: ReturnType<typeof storySpans>): ReturnType<typeof storySpans> =>
    [0n, 1n, 2n, 3n].flatMap((n) => spans.map((span) => ({ ...span, traceId: span.traceId + n })))
  write('before.jsonl', storySpans())
  write('fast.jsonl', often(storySpans()))
  write('slow.jsonl', often(storySpans(40)))
  // A checkout more fails, and the report has twice as many queries.
  const failing = storySpans().map((span) =>
    span.traceId === idOf(1) && span.kind === 'db' && span.process.startsWith('inventory')
      ? { ...span, data: { ...span.data, 'error.type': 'Error', 'error.message': 'no' } }
      : span,
  )
  const more = storySpans().filter(({ name }) => name === 'select price')
  write('worse.jsonl', [...failing, ...more.map((span, at) => ({ ...span, spanId: idOf(50_000 + at) }))])
})
const diff = (...args: string[]): Promise<Printed> => trace(['diff', ...args], { cwd })

test.each([
  ['diff-slower.txt', ['fast.jsonl', 'slow.jsonl']],
  ['diff-worse.txt', ['before.jsonl', 'worse.jsonl']],
  ['diff-traces.txt', [String(idOf(1)), String(idOf(10)), '-f', 'before.jsonl']],
])('%s', async (name, args) => {
  const { code, out, err } = await diff(...args)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expectGolden(name, out)
})

test('two searches of one store', async () => {
  const { code, out } = await diff('@item:sofa', '@item:unicorn', '-f', 'before.jsonl', '--all')
  expect(code).toBe(0)
  expect(out).toMatch(/^1 trace before, 1 after\n/)
  expect(await diff('@item:sofa', '@item:nothing', '-f', 'before.jsonl')).toMatchObject({ code: 1, out: '' })
})

test.each([
  [
    'before',
    'worse',
    ['count+10%'],
    1,
    'count+10%: orders request GET /report → orders db select price: 3.64 → 7.27 for',
  ],
  ['before', 'worse', ['errors+1'], 1, 'inventory db select shelf: 1 → 2 failed'],
  ['before', 'worse', ['errors+2,count+120%'], 0, ''],
  ['fast', 'slow', ['p50+20%'], 1, 'beyond p50+20%: gateway request GET /checkout/:item: '],
  ['fast', 'slow', ['p50+90ms'], 0, ''],
  ['before', 'before', ['count+10%', 'p50+20%', 'errors+1'], 0, ''],
])('between %s and %s, --fail-on %j is exit code %p', async (a, b, thresholds, expected, message) => {
  const { code, err } = await diff(`${a}.jsonl`, `${b}.jsonl`, '--fail-on', ...thresholds)
  expect(code).toBe(expected)
  expect(err).toContain(message)
})

test.each([
  [['before.jsonl'], 'expected two stores, two traces, or two searches in quotes, got "before.jsonl"'],
  [['before.jsonl', 'worse.jsonl', '--fail-on', 'p50+5'], 'expected how much more is too much'],
  [['before.jsonl', 'worse.jsonl', '--fail-on', 'count+5ms'], 'expected how much more is too much'],
])('%j is misuse', async (args, message) => {
  const { code, err } = await diff(...args)
  expect(code).toBe(2)
  expect(err).toContain(message)
})

test('a line of JSON for each path that differs', async () => {
  const { out } = await diff('before.jsonl', 'worse.jsonl', '--json')
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const price = lines.find(({ path }) => path.at(-1).name === 'select price')
  expect(price).toMatchObject({ state: 'both', before: { count: 40 }, after: { count: 80 }, is_noise: true })
})
