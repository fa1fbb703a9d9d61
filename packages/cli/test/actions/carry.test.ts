import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { jsonReader, spanFromJsonLine } from '@trace/jsonrec'
import { yamlReader } from '@trace/yamlrec'
import { trace } from '../support/run.js'
import { idOf, storySpans, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

const HOSTS = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz']
const bySpanId = (a: Span, b: Span): number => (a.spanId < b.spanId ? -1 : 1)
const story = storySpans()
  .filter(({ kind }) => kind !== 'ledger')
  .sort(bySpanId)
const spansOf = (lines: string): Span[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => spanFromJsonLine(line) as Span)
    .sort(bySpanId)

test.each(['otlp', 'zipkin', 'jaeger'])('what is exported to %s is imported again', async (format) => {
  const file = `${format}.json`
  const exported = await trace(['export', ...HOSTS, '--to', format, '--out', file], { cwd })
  expect(exported).toEqual({ code: 0, out: '', err: `trace: exported ${story.length} spans of 11 traces to ${file}\n` })
  const { code, out, err } = await trace(['import', file], { cwd })
  expect({ code, err }).toEqual({ code: 0, err: `trace: imported ${story.length} spans\n` })
  expect(spansOf(out)).toEqual(story)
})

test.each(['jsonl', 'yaml'])('an export to %s is a store', async (format) => {
  const { out } = await trace(['export', ...HOSTS, '--to', format], { cwd })
  const path = join(cwd, `store.${format}`)
  writeFileSync(path, out)
  const reader = format === 'yaml' ? yamlReader({ path }) : jsonReader({ path })
  expect((await reader.traces({ limit: 100 })).traces).toHaveLength(11)
})

test('one trace, those of a time, those that match; a file that is there is left alone', async () => {
  const one = await trace(['export', 'last-error', ...HOSTS, '--to', 'chrome'], { cwd })
  expect(JSON.parse(one.out).traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')).toHaveLength(7)
  expect(one.err).toBe('trace: exported 7 spans of 1 trace\n')
  const some = await trace(['export', ...HOSTS, '@user.id:42', '--until', '2026-01-31T09:30:03', '--to', 'jsonl'], {
    cwd,
  })
  expect(new Set(spansOf(some.out).map(({ traceId }) => traceId))).toEqual(new Set([idOf(1), idOf(2)]))
  expect(await trace(['export', ...HOSTS, 'kind:cache', '--to', 'jsonl'], { cwd })).toMatchObject({ code: 1, out: '' })
  writeFileSync(join(cwd, 'mine.json'), 'mine')
  const refused = await trace(['export', ...HOSTS, '--to', 'otlp', '--out', 'mine.json'], { cwd })
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('mine.json is there already') })
  expect(readFileSync(join(cwd, 'mine.json'), 'utf8')).toBe('mine')
  expect(await trace(['export', ...HOSTS], { cwd })).toMatchObject({ code: 2, err: expect.stringContaining('--to') })
})

test.each([
  ['html', ['last'], ['kind:request']],
  ['html', ['last'], ['9999999']],
  ['otlp', [], ['kind:cache']],
  ['jsonl', [], ['last', 'last-error', 'nonsense:']],
  ['yaml', ['last'], ['last', '9999999']],
])('an export to %s that fails leaves no file, so that the next one can write it', async (to, right, wrong) => {
  const out = join(cwd, `next.${to}`)
  const failed = await trace(['export', ...HOSTS, ...wrong, '--to', to, '--out', out], { cwd })
  expect(failed.code).not.toBe(0)
  expect(existsSync(out)).toBe(false)
  const done = await trace(['export', ...HOSTS, ...right, '--to', to, '--out', out], { cwd })
  expect(done).toMatchObject({ code: 0, err: expect.stringContaining('exported') })
  rmSync(out)
})

test('an export that is stopped, or whose store cannot be read, leaves no file', async () => {
  const out = join(cwd, 'stopped.jsonl')
  const stopped = await trace(['export', ...HOSTS, '--to', 'jsonl', '--out', out], { cwd, signal: AbortSignal.abort() })
  expect(stopped.code).toBe(130)
  const unread = await trace(['export', 'none.yaml', '--to', 'jsonl', '--out', out], { cwd })
  expect(unread.code).toBe(3)
  expect(existsSync(out)).toBe(false)
})

test('an import that fails keeps what it has stored, where others may record too, and says how much that is', async () => {
  const { err } = await trace(['export', 'gateway.jsonl', '--to', 'otlp', '--out', 'good.json'], { cwd })
  const count = /exported (\d+ spans?)/.exec(err)?.[1]
  const failed = await trace(['import', 'good.json', 'none.json', '--to', 'half.jsonl'], { cwd })
  expect(failed).toMatchObject({
    code: 3,
    err: expect.stringContaining(`${count} of these files were imported into half.jsonl`),
  })
  expect(readFileSync(join(cwd, 'half.jsonl'), 'utf8').trim().split('\n').filter(Boolean)).toHaveLength(
    Number.parseInt(count ?? '', 10),
  )
  const none = await trace(['import', 'none.json', '--to', 'nothing.jsonl'], { cwd })
  expect([none.code, none.err.includes('were imported'), existsSync(join(cwd, 'nothing.jsonl'))]).toEqual([
    3,
    false,
    false,
  ])
})

test('an import into a store, from a compressed file and from standard input', async () => {
  await trace(['export', ...HOSTS, '--to', 'otlp', '--out', 'all.json'], { cwd })
  const path = join(cwd, 'all.json')
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
  const imported = await trace(['import', 'all.json.gz', '--to', 'imported.yaml'], { cwd })
  expect(imported).toMatchObject({
    code: 0,
    out: '',
    err: `trace: imported ${story.length} spans into imported.yaml\n`,
  })
  const { spans } = await yamlReader({ path: join(cwd, 'imported.yaml') }).trace(idOf(10))
  expect([...spans].sort(bySpanId)).toEqual(story.filter(({ traceId }) => traceId === idOf(10)))
  const piped = await trace(['import', '-'], { cwd, stdin: createReadStream(path) })
  expect(spansOf(piped.out)).toEqual(story)
  writeFileSync(join(cwd, 'prose.txt'), 'It was a dark and stormy night.')
  expect(await trace(['import', 'prose.txt'], { cwd })).toMatchObject({ code: 3, err: expect.stringContaining('OTLP') })
  expect(await trace(['import', 'none.json'], { cwd })).toMatchObject({
    code: 3,
    err: `trace: cannot open ${cwd}/none.json: there is no such file or folder; check the path\n`,
  })
  expect(await trace(['import', 'all.json', '--to', 'x.txt'], { cwd })).toMatchObject({ code: 2 })
  expect(existsSync(join(cwd, 'x.txt'))).toBe(false)
})

test('--json says what was done: on standard output, or on standard error where spans are printed', async () => {
  const objectIn = (text: string): unknown => JSON.parse(text)
  const spans = story.filter(({ process }) => process.startsWith('orders')).length
  const exported = await trace(['export', 'orders.yaml', '--to', 'otlp', '--out', 'some.json', '--json'], { cwd })
  expect(objectIn(exported.out)).toEqual({ traces: 10, spans, format: 'otlp', out: 'some.json' })
  const printed = await trace(['export', 'last', 'orders.yaml', '--to', 'jsonl', '--json'], { cwd })
  expect(objectIn(printed.err)).toEqual({ traces: 1, spans: 5, format: 'jsonl', out: null })
  const imported = await trace(['import', 'some.json', '--to', 'some.jsonl', '--json'], { cwd })
  expect(objectIn(imported.out)).toEqual({ spans, skipped: 0, to: 'some.jsonl' })
  const read = await trace(['import', 'some.json', '--json'], { cwd })
  expect(objectIn(read.err)).toEqual({ spans, skipped: 0, to: null })
  const copied = await trace(['copy', 'gateway.jsonl', 'some.jsonl', 'some-more.jsonl', '--json'], { cwd })
  const both = story.filter(({ process }) => !process.startsWith('inventory')).length
  expect(objectIn(copied.out)).toEqual({ copied: both, already_there: 0, to: 'some-more.jsonl' })
  for (const { err } of [exported, imported, copied]) expect(err).toBe('')
})

test('a copy goes on where it was stopped, and takes ledgers along', async () => {
  const copied = await trace(['copy', 'gateway.jsonl', 'all.jsonl'], { cwd })
  const first = story.filter(({ process }) => process.startsWith('gateway')).length
  expect(copied).toEqual({ code: 0, out: '', err: `trace: ${first} spans copied to all.jsonl, 0 there already\n` })
  const rest = await trace(['copy', ...HOSTS, 'all.jsonl'], { cwd })
  const added = story.length + 1 - first
  expect(rest.err).toBe(`trace: ${added} spans copied to all.jsonl, ${first} there already\n`)
  const reader = jsonReader({ path: join(cwd, 'all.jsonl') })
  expect((await reader.traces({ kind: 'ledger' })).traces).toHaveLength(1)
  const { spans } = await reader.trace(idOf(10))
  expect([...spans].sort(bySpanId)).toEqual(story.filter(({ traceId }) => traceId === idOf(10)))
  const again = await trace(['copy', ...HOSTS, 'all.jsonl'], { cwd })
  expect(again.err).toBe(`trace: 0 spans copied to all.jsonl, ${story.length + 1} there already\n`)
  expect(await trace(['copy', 'all.jsonl'], { cwd })).toMatchObject({ code: 2 })
})
