import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { memoryRecorder, type Span, type TraceReader } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { isFollowed } from '../../../core/test/support/followed.js'
import { arrivals } from '../../src/sources/arrivals.js'
import { expectGolden, trace } from '../support/run.js'
import { idOf, storySpans } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))
const file = join(cwd, 'live.jsonl')
const [first] = storySpans()
beforeEach(() => writeFileSync(file, first === undefined ? '' : spanToJsonLine(first)))

const of = (trace: number): Span[] => storySpans().filter(({ traceId }) => traceId === idOf(trace))
const write = (spans: readonly Span[]): void => appendFileSync(file, spans.map(spanToJsonLine).join(''))
/** When the command has looked at the file: it writes nothing before the first span. */
const started = (): Promise<void> => isFollowed(file)

test('spans come as they are stored, also after the file is rotated', async () => {
  const running = trace(['tail', 'live.jsonl', '-n', '14'], { cwd })
  await started()
  write(of(11))
  await started()
  renameSync(file, `${file}.1`)
  write(of(10))
  const { code, out, err } = await running
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expectGolden('tail.txt', out)
})

test('--traces gives whole traces that match, once they have ended; Ctrl-C ends quietly, with those that had not', async () => {
  const stop = new AbortController()
  const running = trace(['tail', 'live.jsonl', '--traces', '@item:unicorn'], {
    cwd,
    now: Date.now,
    signal: stop.signal,
    onOut: () => {
      write(of(1))
      // Its root is not there, so that it has not ended.
      write(of(11).filter(({ parentId }) => parentId !== 0n))
      setTimeout(() => stop.abort(), 500)
    },
  })
  await started()
  write([...of(10), ...of(11)])
  const { code, out, err } = await running
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.match(/^trace \d+ · \d spans/gm)).toEqual([`trace ${idOf(11)} · 7 spans`, `trace ${idOf(11)} · 6 spans`])
})

test('--json gives the spans that match, as they are stored', async () => {
  const running = trace(['tail', 'live.jsonl', 'kind:db', '--json', '-n', '2'], { cwd })
  await started()
  write(of(10))
  const { out } = await running
  expect(out).toBe(
    of(10)
      .filter(({ kind }) => kind === 'db')
      .map(spanToJsonLine)
      .join(''),
  )
})

test('a span that several stores get is printed once, open and finished', async () => {
  const other = join(cwd, 'live-too.jsonl')
  writeFileSync(other, '')
  const spans = of(10).slice(0, 3)
  const opened = spans.map((span) => ({ ...span, finish: undefined }))
  const textOf = (some: readonly Span[]): string => some.map(spanToJsonLine).join('')
  const [last] = of(11)
  let printed = 0
  const running = trace(['tail', 'live.jsonl', 'live-too.jsonl', '--json', '-n', '7'], {
    cwd,
    onOut: () => {
      printed++
      if (printed === 3) appendFileSync(other, textOf([...opened, ...spans]))
      if (printed === 6) write(last === undefined ? spans : [...spans, last])
    },
  })
  await started()
  await isFollowed(other)
  write(opened)
  const { out } = await running
  rmSync(other)
  const lines = out.trim().split('\n')
  expect(lines).toEqual(
    textOf([...opened, ...spans, ...(last === undefined ? [] : [last])])
      .trim()
      .split('\n'),
  )
})

test.each([
  [undefined, (at: number): RegExp => new RegExp(`  trace ${idOf(10)}  live\\.jsonl:${at}$`)],
  [44, (at: number): RegExp => new RegExp(`^  live\\.jsonl:${at}$`)],
])('--place says where each span stands: in a width of %p', async (columns, expected) => {
  const running = trace(
    ['tail', 'live.jsonl', '--place', '-n', '2'],
    columns === undefined ? { cwd } : { cwd, columns, env: { NO_COLOR: '1' } },
  )
  await started()
  write(of(10))
  const lines = (await running).out
    .trimEnd()
    .split('\n')
    .filter((line) => line.includes('live'))
  expect(lines).toEqual([expect.stringMatching(expected(2)), expect.stringMatching(expected(3))])
})

test('--place is a field of --json', async () => {
  const running = trace(['tail', 'live.jsonl', '--place', '--json', '-n', '1'], { cwd })
  await started()
  write(of(10))
  const { out } = await running
  expect(JSON.parse(out)).toMatchObject({ place: 'live.jsonl:2' })
})

test('a store that cannot be followed is asked again and again', async () => {
  const { follow: _follow, ...memory } = memoryRecorder()
  memory.record(of(1))
  let isAsked = (): void => {}
  const asked = new Promise<void>((resolve) => (isAsked = resolve))
  const reader: TraceReader = {
    ...memory,
    traces: async (...query) => {
      const list = await memory.traces(...query)
      isAsked()
      return list
    },
  }
  const stop = new AbortController()
  const seen: Span[] = []
  const running = (async () => {
    for await (const batch of arrivals(reader, { signal: stop.signal })) {
      seen.push(...batch)
      if (seen.length === 8) stop.abort()
      else
        memory.record(
          of(11)
            .slice(0, 1)
            .map((span) => ({ ...span, finish: span.start })),
        )
    }
  })()
  await asked
  memory.record(of(11).map((span, at) => (at === 0 ? { ...span, finish: undefined } : span)))
  await running
  expect(seen.map(({ finish }) => finish === undefined)).toEqual([true, ...Array(7).fill(false)])
})

test('--budget folds each trace', async () => {
  const running = trace(['tail', 'live.jsonl', '--traces', '-n', '1', '--budget', '600'], { cwd, now: Date.now })
  await started()
  write(of(11))
  const { out } = await running
  expect(Buffer.byteLength(out)).toBeLessThanOrEqual(601)
  expect(out).toContain(`trace show ${idOf(11)} --span ID`)
})
