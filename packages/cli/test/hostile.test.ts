import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { columnsOf } from '@trace/analysis'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { isFollowed } from '../../core/test/support/followed.js'
import { trace } from './support/run.js'
import { storySpans } from './support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))
const evil = `\u001b[2J\u0007\r\n\u202e\u0085"'<script>]]>${'x'.repeat(250)}`
const long = `${evil}${'x'.repeat(10_000)}`
// Of forty queries that are alike, ten do.
const like = storySpans().filter(({ name }) => name === 'select price')
const spans = storySpans().filter((span) => !like.slice(10).some(({ spanId }) => spanId === span.spanId))
const hostile: Span[] = spans.map((span, at) => {
  const error = { 'error.type': evil, 'error.message': evil, 'error.stack': evil }
  // Each service is another one still, so that there are calls between them.
  const process = `${span.process.split(':')[0]}${evil}:1@${evil}`
  const isLedger = span.kind === 'ledger'
  const data = isLedger
    ? { ...span.data, [`dropped.${evil}`]: 1 }
    : { ...span.data, [evil]: evil, 'untrusted.parent': evil, ...error }
  return {
    ...span,
    process,
    kind: isLedger ? 'ledger' : span.kind,
    name: at < 3 ? long : evil,
    data: at < 3 ? { ...data, long } : data,
  }
})
const lines = hostile.map(spanToJsonLine).join('')
beforeAll(() => {
  writeFileSync(join(cwd, 'hostile.jsonl'), `${lines}${evil.slice(0, 30)}\n`)
  // Parents that are missing, and times of years, make lines long.
  const years = hostile.map((span) => ({ ...span, start: span.start / 2n, parentId: span.parentId ^ 1n }))
  writeFileSync(join(cwd, 'odd.jsonl'), years.map(spanToJsonLine).join(''))
  writeFileSync(join(cwd, 'other.jsonl'), lines.replaceAll('xxx', 'yyy'))
})

/** Commands that print for people. */
const COMMANDS: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '--sort', 'spans'],
  ['show', 'last'],
  ['show', 'last-error', '--data', '--no-fold'],
  ['stats'],
  ['stats', '--by', `@${evil}`],
  ['stats', '--graph'],
  ['diff', 'other.jsonl', '--all'],
  ['doctor'],
]

test.each([60, 100, 200, 0])('no line is wider than a terminal of %p columns', async (columns) => {
  for (const args of [...COMMANDS, ['show', 'last', '--span', '1']]) {
    for (const file of ['hostile.jsonl', 'odd.jsonl']) {
      const { out } = await trace([...args, file], { cwd, columns, env: { NO_COLOR: '1' } })
      expect(out.split('\n').filter((line) => columnsOf(line) > (columns || 80))).toEqual([])
    }
  }
})

test.each([200, 600, 3_000])('no command prints more than a budget of %p bytes', async (budget) => {
  for (const args of [...COMMANDS, ['stats', '--to', 'dot'], ['stats', '--to', 'mermaid'], ['doctor', '--json']]) {
    for (const file of ['hostile.jsonl', 'odd.jsonl']) {
      const terminal = file === 'odd.jsonl' ? { columns: 60 } : {}
      const { out } = await trace([...args, '--budget', String(budget), file], { cwd, ...terminal })
      expect([...args, Buffer.byteLength(out) <= budget]).toEqual([...args, true])
    }
  }
})

/** What a terminal obeys: all control characters but line breaks, and marks that turn the direction of writing. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

test.each([
  ['ls'],
  ['ls', '--json'],
  ['show', 'last'],
  ['show', 'last', '--data', '--no-fold'],
  ['show', 'last', '--json'],
  ['show', 'last', '--budget', '4k'],
  ['stats'],
  ['stats', '--json'],
  ['stats', '--by', `@${evil}`],
  ['stats', '--graph'],
  ['stats', '--to', 'dot'],
  ['stats', '--to', 'mermaid'],
  ['diff', 'other.jsonl'],
  ['diff', 'other.jsonl', '--json', '--fail-on', 'count+1%'],
  ['doctor'],
  ['doctor', '--json'],
])('nothing hostile reaches a terminal: %s %s %s', async (...args) => {
  const { out, err } = await trace([...args, 'hostile.jsonl'], { cwd, columns: 100, env: { NO_COLOR: '1' } })
  expect(out.length).toBeGreaterThan(20)
  for (const text of [out, err]) expect(text).not.toMatch(OBEYED)
})

test.each([
  ['tail', '-n', '3'],
  ['tail', '-n', '1', '--json'],
])('nor when it arrives: %s %s %s', async (...args) => {
  const running = trace([...args, 'hostile.jsonl'], { cwd, columns: 100, env: { NO_COLOR: '1' } })
  await isFollowed(join(cwd, 'hostile.jsonl'))
  appendFileSync(join(cwd, 'hostile.jsonl'), lines)
  expect((await running).out).not.toMatch(OBEYED)
})

test('nor in messages about what was not found', async () => {
  for (const args of [
    ['ls', `"${evil}"`],
    ['show', evil],
    ['show', 'last', '--span', evil],
    ['ls', 'kind:', evil],
  ]) {
    const { code, err } = await trace([...args, 'hostile.jsonl'], { cwd })
    expect(code).toBeGreaterThan(0)
    expect(err.replace(/\n/g, '')).not.toMatch(OBEYED)
  }
})
