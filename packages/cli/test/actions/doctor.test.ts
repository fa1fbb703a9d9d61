import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { expectGolden, trace } from '../support/run.js'
import { idOf, storySpans, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

const write = (name: string, spans: readonly Span[]): void =>
  writeFileSync(join(cwd, name), spans.map(spanToJsonLine).join(''))

test('a store of several hosts: what was lost, and why', async () => {
  const { code, out, err } = await trace(['doctor', '*.jsonl*', 'orders.yaml'], { cwd })
  expect({ code, err }).toEqual({ code: 1, err: '' })
  expectGolden('doctor.txt', out)
})

test('a store of which nothing can be read: why', async () => {
  writeFileSync(join(cwd, 'broken.yaml'), 'a: [1, 2')
  const { code, out } = await trace(['doctor', 'broken.yaml'], { cwd })
  expect(code).toBe(1)
  expect(out).toMatch(/^0 traces, 0 spans, 0 services\n\n✗ 1 record could not be read as spans\n/)
  for (const id of ['last', 'last-error', '123']) {
    const shown = await trace(['show', id, 'broken.yaml'], { cwd })
    expect(shown).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^trace: 1 record was skipped: .*\ntrace: .*broken/),
    })
  }
  writeFileSync(join(cwd, 'nothing.yaml'), '')
  expect(await trace(['doctor', 'nothing.yaml'], { cwd })).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/^trace: no trace is in yaml\(.*nothing\.yaml\)\n$/),
  })
})

test('a store in which everything is wrong', async () => {
  const spans = storySpans().filter(({ traceId, kind }) => kind !== 'ledger' && traceId !== idOf(14))
  const wrong = spans.map((span, at): Span => {
    // A proxy drops the header between orders and inventory in three traces, and inventory does not trust it in a fourth.
    const dropped = [idOf(1), idOf(2), idOf(3)].includes(span.traceId) && span.process.startsWith('inventory')
    const isFirst = span.kind === 'request'
    if (dropped)
      return {
        ...span,
        traceId: span.traceId + 1n,
        parentId: isFirst ? 0n : span.parentId,
        data: { ...span.data, 'http.request.method': 'GET' },
      }
    if (span.traceId === idOf(4) && span.process.startsWith('inventory')) {
      const data = isFirst ? { ...span.data, 'untrusted.parent': `${span.traceId}:${span.parentId}` } : span.data
      return { ...span, traceId: span.traceId + 1n, parentId: isFirst ? 0n : span.parentId, data }
    }
    // The clock of its host is ahead.
    if (span.traceId === idOf(10) && span.process.startsWith('inventory')) {
      return { ...span, start: span.start + 60_000_000n, finish: (span.finish ?? 0n) + 60_000_000n }
    }
    if (span.name === 'nightly invoices') return { ...span, finish: undefined }
    // The span of the caller is in a file that is not there.
    if (span.traceId === idOf(5) && span.name === 'POST /orders/:item') return { ...span, parentId: 9n }
    return span.kind === 'mail' ? { ...span, name: `send invoice ${at}` } : span
  })
  const [mail] = wrong.filter(({ kind }) => kind === 'mail')
  const many = Array.from(
    { length: 120 },
    (_, at) => ({ ...mail, spanId: idOf(70_000 + at), name: `send invoice ${1_000 + at}` }) as Span,
  )
  write('wrong.jsonl', [...wrong, ...many])
  writeFileSync(join(cwd, 'wrong.jsonl'), '{"span_id":"1","trace_id\n', { flag: 'a' })
  const { code, out } = await trace(['doctor', 'wrong.jsonl'], { cwd })
  expect(code).toBe(1)
  expectGolden('doctor-wrong.txt', out)
  const json = await trace(['doctor', 'wrong.jsonl', '--json'], { cwd })
  const findings = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(findings.map(({ finding, count }) => [finding, count])).toEqual([
    ['not-trusted', 1],
    ['header-dropped', 3],
    ['parent-missing', 1],
    ['clock-differs', 1],
    ['names-with-values', expect.any(Number)],
    ['never-ended', 1],
    ['torn-records', 1],
  ])
})

test('a store without a fault, and one without a trace', async () => {
  write(
    'right.jsonl',
    storySpans().filter(({ traceId }) => traceId === idOf(1)),
  )
  const right = await trace(['doctor', 'right.jsonl'], { cwd })
  expect(right).toEqual({ code: 0, out: '1 trace, 7 spans, 3 services\nNothing is wrong.\n', err: '' })
  write('none.jsonl', [])
  expect(await trace(['doctor', 'none.jsonl'], { cwd })).toMatchObject({ code: 1, out: '' })
})

describe('ids that came with a request that does not trust them', () => {
  const [first] = storySpans().filter(({ kind }) => kind === 'request')
  const request = (id: bigint, parent: string): Span =>
    ({ ...first, traceId: id, spanId: id, parentId: 0n, data: { 'untrusted.parent': parent } }) as Span

  test.each([
    ['of a trace that is not there', '5:6'],
    ['of a trace of the store, as its response says', `${idOf(1)}:0`],
    ['of a trace of the store, with a span that is not in it', `${idOf(1)}:6`],
    ['that are none', 'x'],
  ])('%s: a stranger cannot make it fail', async (_what, parent) => {
    const spans = storySpans().filter(({ traceId }) => traceId === idOf(1))
    write('stranger.jsonl', [request(900n, parent), ...spans, request(901n, parent)])
    const { code, out, err } = await trace(['doctor', 'stranger.jsonl'], { cwd })
    expect({ code, out }).toEqual({ code: 0, out: '3 traces, 9 spans, 3 services\nNothing is wrong.\n' })
    expect(err).toMatch(/^trace: inventory got 2 requests with ids of a caller that is not in what was read, .*\n$/)
    expect(await trace(['doctor', 'stranger.jsonl', '--json'], { cwd })).toMatchObject({ code: 0, out: '' })
  })

  test('of a span that is there: a service that does not trust another, whichever comes first', async () => {
    const spans = storySpans().filter(({ traceId }) => traceId === idOf(1))
    const parent = `${idOf(1)}:${spans[0]?.spanId}`
    write('caller.jsonl', [request(900n, parent), ...spans, request(901n, parent), request(902n, '5:6')])
    const { code, out, err } = await trace(['doctor', 'caller.jsonl', '--json'], { cwd })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ finding: 'not-trusted', count: 2 })
    expect(err).toContain('inventory got 1 request with ids')
  })
})
