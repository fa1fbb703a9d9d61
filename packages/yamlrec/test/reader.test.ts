import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { memoryRecorder, type Span, type TraceQuery } from '@trace/core'
import { isFollowed } from '../../core/test/support/followed.js'
import { spanToYaml, yamlReader, yamlRecorder } from '../src/index.js'
import { makeSpan } from './values.js'

const folder = mkdtempSync(join(tmpdir(), 'yamlread-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)
const ids = (spans: readonly Span[]): bigint[] => spans.map((span) => span.spanId)

/** Spans of many traces, mixed: parents after children, ledgers, failures, open spans recorded again, equal starts. */
function mixed(count: number): Span[] {
  const spans: Span[] = []
  for (let at = 0; at < count; at++) {
    const start = 1_448_000_000_000_000_000n + BigInt(at) * 1_000_000n
    const root = makeSpan({
      traceId: BigInt(1_000 + at),
      spanId: BigInt(10 * at + 1),
      kind: at % 11 === 0 ? 'ledger' : at % 3 === 0 ? 'task' : 'request',
      name: `n${at % 5}`,
      start,
      finish: start + BigInt((at % 7) * 1_000_000),
    })
    const child = makeSpan({
      traceId: root.traceId,
      spanId: root.spanId + 1n,
      parentId: at % 13 === 0 ? 999_999_999n : root.spanId,
      kind: 'db',
      // Clocks differ: some children seem to begin before their parents.
      start: at % 4 === 0 ? start - 5n : start + 5n,
      data:
        at % 6 === 0
          ? { 'error.type': 'Error', 'error.message': 'x' }
          : { id: `trace_id: ${1_001 + at}`, text: 'x'.repeat(1_000) },
    })
    spans.push({ ...root, finish: undefined }, child)
    if (at % 9 !== 0) spans.push(root)
  }
  for (let at = 0; at < spans.length; at += 3) {
    const [one, other] = [spans[at], spans[(at * 7) % spans.length]]
    if (one === undefined || other === undefined || one.spanId === other.spanId) continue
    if (one.traceId === other.traceId || at % 2 === 0) continue
    spans[at] = other
    spans[(at * 7) % spans.length] = one
  }
  return spans
}

describe('a large file', () => {
  const path = newPath()
  const spans = mixed(3_000)
  const memory = memoryRecorder({ limit: 1e6 })
  const reader = yamlReader({ path })

  test('gives each trace as memory does', async () => {
    await yamlRecorder({ path }).record(spans)
    await memory.record(spans)
    expect(readFileSync(path).length).toBeGreaterThan(3 * 1024 * 1024)
    for (const id of [1_000n, 1_004n, 1_013n, 2_444n, 3_999n, 3n, 77_777n, 0n]) {
      const found = await reader.trace(id)
      const expected = await memory.trace(id)
      expect(found.skipped).toBe(0)
      const order = (a: Span, b: Span): number => Number(a.spanId - b.spanId)
      const plain = (span: Span): unknown => ({ ...span, data: { ...span.data } })
      expect(found.spans.toSorted(order).map(plain)).toEqual(expected.spans.toSorted(order).map(plain))
    }
  })

  const base = 1_448_000_000_000_000_000n
  const queries: TraceQuery[] = [
    ...[
      {},
      { limit: 1 },
      { limit: 500 },
      { kind: 'task' },
      { kind: 'ledger', limit: 7 },
      { name: 'n3' },
      { kind: 'db' },
    ],
    ...[{ error: true }, { error: false, limit: 50 }, { minDuration: 6_000_000n }, { to: base }, { limit: 20_000 }],
    { from: base + 1_000_000_000n, to: base + 2_000_000_000n, kind: 'request', name: 'n1', limit: 9 },
  ]
  test.each(queries.map((query) => [query]))('lists as memory does: %p', async (query) => {
    const found = await reader.traces(query)
    expect(found).toEqual({ ...(await memory.traces(query)), skipped: 0, places: [] })
  })

  test('stops where it is told to', async () => {
    const reason = new Error('enough')
    await expect(reader.traces({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const pending = reader.trace(3_000n, { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })
})

test('a trace whose id is written otherwise is found', async () => {
  const path = newPath()
  const rest = 'parent_id: 0\nstart: "2015-10-20T13:14:15Z"\nfinish: "2015-10-20T13:14:16Z"\n'
  const forms = ['"trace_id": "42"', 'trace_id:   42', 'trace_id: 042 # x', "'trace_id': '42'", '? trace_id\n: 42']
  const documents = forms.map((form, at) => `---\nspan_id: ${at + 1}\n${form}\n${rest}`)
  const others = [
    `---\nspan_id: 42\ntrace_id: 43\n${rest}`,
    `---\nspan_id: 9\ntrace_id: 142\n${rest}a: "trace_id: 42\\n"\n`,
  ]
  writeFileSync(path, [...documents, ...others].join(''))
  const { spans, skipped } = await yamlReader({ path }).trace(42n)
  expect(ids(spans)).toEqual([1n, 2n, 3n, 4n, 5n])
  expect(skipped).toBe(0)
})

test('torn documents are reported', async () => {
  const path = newPath()
  const torn = spanToYaml(makeSpan({ data: { a: 1 } })).slice(0, -5)
  writeFileSync(path, `\n${torn}\n\n${spanToYaml(makeSpan({ spanId: 3n }))}`)
  const reader = yamlReader({ path })
  expect(await reader.traces()).toMatchObject({ traces: [{ spans: 1 }], skipped: 1, places: [{ at: 'byte 2' }] })
  expect(await reader.trace(1n)).toMatchObject({ spans: [{ spanId: 3n }], skipped: 1 })
})

test('what the list counts as torn is in none of its traces', async () => {
  const path = newPath()
  const written = (id: bigint, traceId: bigint): string =>
    spanToYaml(makeSpan({ spanId: id, traceId, kind: `k${traceId}`, data: { a: 1 } }))
  const unclosed = (id: bigint): string => written(id, 2n).slice(1).replace('...\n', '')
  const torn = written(4n, 2n).replace('a: 1\n...\n', '')
  writeFileSync(path, `\n${written(1n, 1n)}${unclosed(2n)}\n${torn}${unclosed(3n)}`)
  const found = await yamlReader({ path }).traces({ kind: 'k2' })
  expect(found).toMatchObject({ traces: [{ traceId: 2n, spans: 2 }], skipped: 1 })
})

test('a record that mentions two traces is counted for both', async () => {
  const path = newPath()
  const written = (traceId: bigint): string => spanToYaml(makeSpan({ traceId }))
  writeFileSync(path, `\n${written(41n).slice(0, -5)}${written(42n).replace('---\n', '')}`)
  for (const traceId of [41n, 42n])
    expect(await yamlReader({ path }).trace(traceId)).toMatchObject({ spans: [], skipped: 1 })
})

test('a file that cannot be read is told', async () => {
  const missing = yamlReader({ path: join(folder, 'none.yaml') })
  await expect(missing.traces()).rejects.toMatchObject({ code: 'TRACE_CANNOT_READ', message: /there is no such file/ })
  await expect(yamlReader({ path: folder }).trace(1n)).rejects.toThrow('it is a folder')
})

test.each([[undefined], [{}], [{ path: 1 }], [{ path: 'x', other: 1 }]])('options %j are refused', (options) => {
  expect(() => Reflect.apply(yamlReader, undefined, [options])).toThrow('yamlReader')
})

test.each([[{ limit: 0 }], [{ limit: 1.5 }]])('the query %j is refused', async (query) => {
  const path = newPath()
  writeFileSync(path, '')
  await expect(yamlReader({ path }).traces(query)).rejects.toMatchObject({ code: 'TRACE_BAD_QUERY' })
})

describe('following', () => {
  function follow(path: string): {
    seen: bigint[]
    stop: () => Promise<void>
    until: (count: number) => Promise<void>
  } {
    const controller = new AbortController()
    const seen: bigint[] = []
    const done = (async () => {
      for await (const spans of yamlReader({ path }).follow({ signal: controller.signal })) seen.push(...ids(spans))
    })()
    const stop = async (): Promise<void> => {
      controller.abort()
      await done
    }
    const until = async (count: number): Promise<void> => {
      for (let wait = 0; seen.length < count && wait < 2_000; wait++) await sleep(25)
    }
    return { seen, stop, until }
  }
  const one = (id: bigint): Span => makeSpan({ spanId: id, data: { text: 'some text' } })

  test('gives what arrives, whole, through cuts and replacements', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path })
    await recorder.record([one(1n)])
    const { seen, stop, until } = follow(path)
    await isFollowed(path)
    await recorder.record([one(2n), one(3n)])
    await until(2)
    const text = `\n${spanToYaml(one(4n))}`
    for (const part of [text.slice(0, 1), text.slice(1, 40), text.slice(40, -3), text.slice(-3)]) {
      appendFileSync(path, part)
      await sleep(250)
    }
    await until(3)
    truncateSync(path, 0)
    await sleep(300)
    await recorder.record([one(5n)])
    await until(4)
    await recorder.record([one(6n)])
    renameSync(path, `${path}.1`)
    await recorder.record([one(7n)])
    await until(6)
    await stop()
    expect(seen).toEqual([2n, 3n, 4n, 5n, 6n, 7n])
  })

  test.each([
    ['cut', (path: string, text: string) => writeFileSync(path, text)],
    [
      'cut, and written again between two looks',
      (path: string, text: string) => {
        truncateSync(path, 0)
        appendFileSync(path, text)
      },
    ],
  ])('begins anew in a file that was %s, and has grown past where it ended', async (_, rewrite) => {
    const path = newPath()
    const recorder = yamlRecorder({ path })
    await recorder.record([one(1n)])
    const { seen, stop, until } = follow(path)
    await isFollowed(path)
    await recorder.record([one(2n)])
    await until(1)
    rewrite(path, [3n, 4n, 5n, 6n].map((id) => `\n${spanToYaml(one(id))}`).join(''))
    await until(5)
    await recorder.record([one(7n)])
    await until(6)
    await stop()
    expect(seen).toEqual([2n, 3n, 4n, 5n, 6n, 7n])
  })

  test('begins anew in a file that was cut where as little as a line break was read last', async () => {
    const path = newPath()
    writeFileSync(path, '')
    const { seen, stop, until } = follow(path)
    await isFollowed(path)
    const parts = [2n, 3n, 4n].map((id) => `\n${spanToYaml(one(id))}`)
    appendFileSync(path, parts[0] ?? '')
    await until(1)
    appendFileSync(path, '\n')
    await sleep(500)
    writeFileSync(path, `${parts[1]}\n${parts[2]}`)
    await until(3)
    await stop()
    expect(seen).toEqual([2n, 3n, 4n])
  })

  test('waits for a file, and takes what the Go package writes', async () => {
    const path = newPath()
    const { seen, stop, until } = follow(path)
    await sleep(50)
    const golden = readFileSync(new URL('golden/example-v1.yaml', import.meta.url))
    writeFileSync(path, golden)
    await until(6)
    appendFileSync(path, golden)
    await until(12)
    await stop()
    expect(seen).toHaveLength(12)
    expect(new Set(seen).size).toBe(6)
  })
})
