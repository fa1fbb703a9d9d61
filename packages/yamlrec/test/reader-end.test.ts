import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { memoryRecorder, type Span, type TraceQuery } from '@trace/core'
import { parseYaml, spanToYaml, yamlReader } from '../src/index.js'
import { makeSpan } from './values.js'

const folder = mkdtempSync(join(tmpdir(), 'reader-end-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)
const BASE = 1_448_000_000_000_000_000n
const SECOND = 1_000_000_000n
const TRACES = 3_000

/** A trace each second, of a root and a child, in the order in which they finish. */
function spansOf(at: number): Span[] {
  const start = BASE + BigInt(at) * SECOND
  const root = makeSpan({
    traceId: BigInt(at + 1),
    spanId: BigInt(2 * at + 1),
    kind: at % 500 === 0 ? 'rare' : 'request',
    name: at === 5 ? 'only once' : 'GET /',
    start,
    finish: start + SECOND / 2n,
    data: { text: 'x'.repeat((at * 3) % 1_200) },
  })
  const child = makeSpan({ ...root, spanId: root.spanId + 1n, parentId: root.spanId, kind: 'db', name: 'load' })
  return [child, root]
}

const spans = Array.from({ length: TRACES }, (_, at) => spansOf(at)).flat()
const textOf = (some: readonly Span[]): string => some.map((span) => `\n${spanToYaml(span)}`).join('')

describe('the end of a large file', () => {
  const path = newPath()
  const memory = memoryRecorder({ limit: 1e6 })
  beforeAll(async () => {
    writeFileSync(path, textOf(spans))
    await memory.record(spans)
  })

  /** How many traces a query reads. */
  async function countRead(query: TraceQuery, margin?: number): Promise<number> {
    let count = 0
    const where = (): boolean => ++count > 0
    await yamlReader({ path, ...(margin === undefined ? {} : { margin }) }).traces({ ...query, where })
    return count
  }

  test('has the newest traces, and the rest is not read', async () => {
    const found = await yamlReader({ path }).traces()
    expect(found.traces).toEqual((await memory.traces()).traces)
    expect(found.incomplete).toMatch(
      /^only the end was read, back to spans that finished at 2015-.*more than 5000 ms after they finished may be missing; see the option margin$/,
    )
    expect(await countRead({})).toBeLessThan(0.45 * TRACES)
    expect(await countRead({}, Infinity)).toBeGreaterThanOrEqual(TRACES)
  })

  test.each<[string, TraceQuery]>([
    ['few match', { kind: 'rare' }],
    ['only one of the oldest matches', { name: 'only once' }],
    ['many are asked for', { limit: 2_000 }],
    ['they end before a time', { to: BASE + 100n * SECOND }],
    ['nothing matches', { kind: 'none' }],
  ])('has not all that is asked for where %s: so more is read', async (_, query) => {
    const found = await yamlReader({ path }).traces(query)
    expect(found.traces).toEqual((await memory.traces(query)).traces)
  })

  test('is read as far as a query goes back', async () => {
    const query = { from: BASE + 2_900n * SECOND, limit: 1_000 }
    expect((await yamlReader({ path }).traces(query)).traces).toEqual((await memory.traces(query)).traces)
    expect(await countRead(query)).toBeLessThan(0.7 * TRACES)
  })

  test.each([1n, 100n, BigInt(TRACES - 20), 99_999_999n])('has trace %s, or the rest has', async (id) => {
    const found = await yamlReader({ path }).trace(id)
    expect(found.spans.map(({ spanId }) => spanId)).toEqual((await memory.trace(id)).spans.map(({ spanId }) => spanId))
    expect(found.incomplete === undefined).toBe(id < TRACES - 20 || id > TRACES)
  })

  test('is not read back beyond spans that were all stored later than the margin, unless that is larger', async () => {
    const path = newPath()
    const [hidden = []] = [spansOf(20_000)]
    const kept = spans.slice(-6_000)
    // All of these have waited long before they were stored.
    writeFileSync(path, textOf([...hidden, ...spans.slice(0, 8_000), ...kept]))
    const first = async (margin?: number): Promise<bigint | undefined> => {
      const reader = yamlReader({ path, ...(margin === undefined ? {} : { margin }) })
      return (await reader.traces({ limit: 1 })).traces[0]?.traceId
    }
    expect(await first()).toBe(BigInt(TRACES))
    expect(await first(20_000_000)).toBe(20_001n)
    expect(await first(Infinity)).toBe(20_001n)
  })
})

test.each([
  ['as one piece', (text: string): string => text],
  ['without closing lines', (text: string): string => text.replaceAll('...\n', '')],
])('torn documents %s are found wherever a block begins', async (_, change) => {
  // One of seven is cut; sizes that have nothing to do with those of blocks.
  const parts = spans.map((span, at) => {
    const text = `\n${spanToYaml(span)}`
    return change(at % 7 === 3 ? text.slice(0, 40 + (at % 150)) : text)
  })
  const path = newPath()
  writeFileSync(path, parts.join(''))
  const whole = await parseYaml(parts.join(''))
  const memory = memoryRecorder({ limit: 1e6 })
  await memory.record(whole.spans)
  const query = { limit: 100_000 }
  const found = await yamlReader({ path, margin: Infinity }).traces(query)
  expect(found.skipped).toBe(whole.skipped)
  expect(found.places).toEqual(whole.places)
  expect(found.traces).toEqual((await memory.traces(query)).traces)
})

test('several files are read back from the newest', async () => {
  const path = newPath()
  const third = Math.floor(spans.length / 3)
  const parts = [spans.slice(0, third), spans.slice(third, 2 * third), spans.slice(2 * third)]
  writeFileSync(`${path}.1.gz`, gzipSync(textOf(parts[0] ?? [])))
  writeFileSync(`${path}.2`, textOf(parts[1] ?? []))
  writeFileSync(path, textOf(parts[2] ?? []))
  const memory = memoryRecorder({ limit: 1e6 })
  await memory.record(spans)
  for (const query of [{}, { kind: 'rare' }, { name: 'only once' }, { limit: 4_000 }]) {
    expect((await yamlReader({ path }).traces(query)).traces).toEqual((await memory.traces(query)).traces)
  }
  expect((await yamlReader({ path }).trace(1n)).spans).toHaveLength(2)
})

test('a margin that is no time is refused', () => {
  expect(() => yamlReader({ path: 'x', margin: -1 })).toThrow(/"margin": expected milliseconds/)
})
