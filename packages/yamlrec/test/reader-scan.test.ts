import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from '@jest/globals'
import { memoryRecorder, type Span, type SpanQuery } from '@trace/core'
import { spanToYaml, yamlReader } from '../src/index.js'
import { makeSpan } from './values.js'

const folder = mkdtempSync(join(tmpdir(), 'reader-scan-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)
const BASE = 1_448_000_000_000_000_000n
const SECOND = 1_000_000_000n
const textOf = (some: readonly Span[]): string => some.map((span) => `\n${spanToYaml(span)}`).join('')

/** A span each second, in the order in which they finish. */
const spans = Array.from({ length: 12_000 }, (_, at) =>
  makeSpan({
    traceId: BigInt(at + 1),
    spanId: BigInt(at + 1),
    start: BASE + BigInt(at) * SECOND,
    finish: BASE + BigInt(at) * SECOND + SECOND / 2n,
    data: { text: 'x'.repeat(at % 400) },
  }),
)
const third = spans.length / 3
const [first, second, last] = [spans.slice(0, third), spans.slice(third, 2 * third), spans.slice(2 * third)]

async function scanned(path: string | readonly string[], query?: SpanQuery, margin?: number) {
  const ids: bigint[] = []
  const [places, reasons]: string[][] = [[], []]
  let largest = 0
  for await (const batch of yamlReader({ path, ...(margin === undefined ? {} : { margin }) }).scan(query)) {
    for (const { spanId } of batch.spans) ids.push(spanId)
    for (const { at } of batch.places) places?.push(at)
    if (batch.incomplete !== undefined) reasons?.push(batch.incomplete)
    largest = Math.max(largest, batch.spans.length)
  }
  return { ids, places, reasons, largest }
}

test('a file is scanned in its order, a part at a time', async () => {
  const path = newPath()
  writeFileSync(path, textOf(spans))
  const { ids, largest, reasons } = await scanned(path)
  expect(ids).toEqual(spans.map(({ spanId }) => spanId))
  expect(largest).toBeLessThan(spans.length / 4)
  expect(reasons).toEqual([])
})

test('rotated files are scanned from the oldest on, compressed ones too', async () => {
  const path = newPath()
  writeFileSync(`${path}.1.gz`, gzipSync(textOf(first)))
  writeFileSync(`${path}.2`, textOf(second))
  writeFileSync(path, textOf(last))
  expect((await scanned(path)).ids).toEqual(spans.map(({ spanId }) => spanId))
  for (const [at, whole] of [
    [100, false],
    [third + 3_000, false],
    [3 * third - 5, false],
    [0, true],
  ] as const) {
    const { ids, reasons } = await scanned(path, { from: BASE + BigInt(at) * SECOND })
    expect(ids).toEqual(spans.slice(at).map(({ spanId }) => spanId))
    // A compressed file is read from its start.
    expect([at, reasons?.length]).toEqual([at, whole || at < third ? 0 : 1])
  }
})

test('files of several hosts are scanned side by side, so that what happened together comes together', async () => {
  const paths = [newPath(), newPath(), newPath()]
  for (const [at, path] of paths.entries()) writeFileSync(path, textOf(spans.filter((_, each) => each % 3 === at)))
  const { ids } = await scanned(paths)
  expect(ids.toSorted((a, b) => Number(a - b))).toEqual(spans.map(({ spanId }) => spanId))
  const farthest = ids.reduce((most, id, at) => Math.max(most, Math.abs(Number(id) - at)), 0)
  expect(farthest).toBeLessThan(spans.length / 3)
})

test('from a time on, what stands before it is not read, give or take the margin', async () => {
  const path = newPath()
  // Torn ones, each of which would be reported.
  const cut = (span: Span, at: number): string => (at % 10 === 0 ? textOf([span]).slice(0, 60) : textOf([span]))
  writeFileSync(path, spans.map(cut).join(''))
  const from = BASE + 11_001n * SECOND
  const wanted = spans.filter(({ start }, at) => start >= from && at % 10 !== 0).map(({ spanId }) => spanId)
  const late = await scanned(path, { from })
  const whole = await scanned(path, { from }, Infinity)
  expect([late.ids, whole.ids]).toEqual([wanted, wanted])
  expect(late.reasons).toEqual([
    'only the end was read, back to spans that finished at 2015-11-20T09:16:36Z: spans that were stored more than 5000 ms after they finished may be missing; see the option margin',
  ])
  expect(whole.reasons).toEqual([])
  expect(whole.places?.[0]).toBe('byte 2')
  // Half of the places at least are never come to.
  expect(Number(/\d+/.exec(late.places?.[0] ?? '')?.[0])).toBeGreaterThan(textOf(spans).length / 2)
})

test('a store that was written to while it is scanned has at least what it had', async () => {
  const path = newPath()
  writeFileSync(path, textOf(first))
  const memory = memoryRecorder()
  for await (const batch of yamlReader({ path }).scan({ to: BASE + BigInt(third) * SECOND })) {
    memory.record(batch.spans)
    writeFileSync(path, textOf(second.slice(0, 10)), { flag: 'a' })
  }
  expect(memory.spans.map(({ spanId }) => spanId)).toEqual(first.map(({ spanId }) => spanId))
})
