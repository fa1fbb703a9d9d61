import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../.config/runs.js'
import { parseYaml, spanToYaml } from '../src/index.js'
import { parseInChunks } from '../src/parse.js'
import { makeSpan } from './values.js'

const spanOf = (id: number): Span => {
  const spanId = BigInt(id)
  return makeSpan({ spanId, traceId: 7n, data: { a: id, list: [id, `text ${id}`], z: `${id}` } })
}
const UTF_16 = 'it is in UTF-16; convert it, such as by iconv -f UTF-16 -t UTF-8'
const written = (id: number): string => spanToYaml(spanOf(id))
/** As the Go package writes it: no line closes it. */
const unclosed = (id: number): string => written(id).replace(/^\n/, '').replace('...\n', '')
const ids = (spans: readonly Span[]): number[] => spans.map(({ spanId }) => Number(spanId))

describe('what stands between two documents', () => {
  const [one, two, three] = [written(1), written(2), written(3)]
  const withoutMark = two.replace('\n---\n', '')

  test.each([
    ['a document without its mark', one + withoutMark + three, [1, 2, 3], []],
    ['a torn document without its mark', one + withoutMark.slice(0, -8) + three, [1, 3], [one.length - 1]],
    ['text, and lines that close nothing', `${one}some text\n...\nmore\n...\n${three}`, [1, 3], [one.length - 1, 0]],
    ['text behind the dots', one.replace('...', '... some text') + three, [1, 3], [one.length - 1]],
    ['NUL bytes over a mark', `${one}${'\0'.repeat(14)}${two.slice(14)}${three}`, [1, 3], [one.length - 1]],
    ['a byte order mark', `${one}\ufeff${two}${three}`, [1, 2, 3], []],
    ['a byte order mark before a mark', `${one}\ufeff${two.slice(1)}${three}`, [1, 2, 3], []],
    ['a byte order mark before a document that nobody closes', `${unclosed(1)}\ufeff${unclosed(2)}`, [1, 2], []],
  ])('is read or counted: %s', async (_, file, expected, places) => {
    const read = await parseYaml(file)
    expect(ids(read.spans)).toEqual(expected)
    expect(read.skipped).toBe(places.length)
    if (places[0] !== undefined) expect(read.places[0]?.at).toBe(`byte ${places[0]}`)
    for (const chunk of [1, 7, 64]) expect(await parseInChunks(Buffer.from(file), chunk)).toStrictEqual(read)
  })
})

test('a torn document in a file with Windows line ends is not read with a part of its data', async () => {
  const torn = written(1).slice(0, written(1).indexOf('z:'))
  for (const file of [`\n${torn}\n${written(2)}`, `\n${torn}`, `\n${written(3)}\n${torn}`]) {
    const { spans, skipped } = await parseYaml(file.replaceAll('\n', '\r\n'))
    expect([ids(spans).includes(1), skipped]).toEqual([false, 1])
  }
})

test('a mark that is torn takes no document with it', async () => {
  for (const torn of ['\n\n-', '\n\n--']) {
    for (const file of [unclosed(1) + torn, written(1) + torn, `${unclosed(1)}${torn}\n${written(1)}`]) {
      for (const text of [file, file.replaceAll('\n', '\r\n')]) {
        const { spans, skipped } = await parseYaml(text)
        expect([new Set(ids(spans)), skipped]).toEqual([new Set([1]), 1])
      }
    }
  }
})

describe('a torn document that the next write shows to be one', () => {
  const torn = `\n${written(1).slice(0, written(1).indexOf('z:'))}`

  test('is counted where that stands in another chunk', async () => {
    const file = Buffer.from(`${unclosed(2)}${torn}\n${written(3)}`)
    for (let chunk = 1; chunk <= file.length; chunk++) {
      const { spans, skipped } = await parseInChunks(file, chunk)
      expect({ chunk, ids: ids(spans), skipped }).toEqual({ chunk, ids: [2, 3], skipped: 1 })
    }
  })
})

test.each([
  ['little endian', Buffer.from(`\ufeff${written(1)}`, 'utf16le')],
  ['big endian', Buffer.from(`\ufeff${written(1)}`, 'utf16le').swap16()],
  ['without a byte order mark', Buffer.from(written(1), 'utf16le')],
])('a file in UTF-16, %s, is said to be that', async (_, file) => {
  expect(await parseYaml(file)).toMatchObject({
    spans: [],
    skipped: 1,
    places: [{ at: 'byte 0', reason: UTF_16 }],
  })
})

test('what is appended to a file in UTF-16 is said to be that', async () => {
  for (const first of [`\n${written(1)}`, unclosed(1), `\n${written(1)}`.slice(0, -30)]) {
    const file = Buffer.concat([
      Buffer.from(first),
      Buffer.from(`\ufeff${written(2)}`, 'utf16le'),
      Buffer.from(`\n${written(3)}`),
    ])
    const { spans, places } = await parseYaml(file)
    expect(ids(spans)).toEqual(first.endsWith('...\n') ? [1, 3] : [3])
    expect(places).toEqual([{ at: expect.any(String), reason: UTF_16 }])
  }
})

test.each(['1e3', '12.0', '1.', '.5e1', '1_0', '!!float 12', '!!int 1e3'])('the id %s is none', async (id) => {
  for (const key of ['span_id', 'trace_id', 'parent_id']) {
    const { spans, skipped } = await parseYaml(written(1).replace(new RegExp(`^${key}: \\d+`, 'm'), `${key}: ${id}`))
    expect([spans, skipped]).toEqual([[], 1])
  }
})

test.each(['data.a: 5\n', 'a: 5\n', 'data.q: 1\nq: 2\n', 'q: 1\ndata.q: 2\n', 'q: {"b":1,"b":2}\n'])(
  'a document that has a key twice is none: %j',
  async (lines) => {
    const { spans, skipped, places } = await parseYaml(written(1).replace('...\n', `${lines}...\n`))
    expect([spans, skipped]).toEqual([[], 1])
    expect(places[0]?.reason).toMatch(/twice/)
  },
)

/** A part of a file: a document that may be read, or text that belongs to none. */
type Part = 'written' | 'unclosed' | 'unmarked' | 'torn' | 'text' | 'nul' | 'blank' | 'bom' | 'comment'

interface Place {
  readonly part: Part
  readonly id: number
  readonly from: number
  readonly to: number
}

const parts = fc.constantFrom<Part>(
  ...(['written', 'written', 'unclosed', 'unmarked', 'torn', 'text', 'nul', 'blank', 'bom', 'comment'] as const),
)

function textOf(part: Part, id: number, cut: number): string {
  if (part === 'written') return `\n${written(id)}`
  if (part === 'unclosed') return unclosed(id)
  if (part === 'unmarked') return written(id).replace('\n---\n', '\n')
  // Cut where no line is whole, as a write is that was torn; the next one begins with a line break.
  if (part === 'torn') return `\n${written(id).slice(0, 6 + (cut % (written(id).length - 12)))}`.trimEnd()
  return { text: 'some text\n', nul: '\0'.repeat(9), blank: '\n \n', bom: '\ufeff', comment: '# x\n' }[part]
}

const HARMLESS = new Set<Part>(['blank', 'bom', 'comment'])

test('every byte of a file is in a span or counted, and no span holds what is of another', async () => {
  const files = fc.record({
    list: fc.array(fc.tuple(parts, fc.nat(10_000)), { maxLength: 9 }),
    windows: fc.boolean(),
  })
  const property = fc.asyncProperty(files, async ({ list, windows }) => {
    let file = ''
    const places: Place[] = []
    for (const [index, [part, cut]] of list.entries()) {
      const text = textOf(part, index + 1, cut)
      const bytes = windows ? text.replaceAll('\n', '\r\n') : text
      const from = Buffer.byteLength(file)
      file += bytes
      places.push({ part, id: index + 1, from, to: Buffer.byteLength(file) })
    }
    const read = await parseYaml(file)
    // In a file without any line "..." that this package did not begin, a torn document looks like one that nobody closes.
    const isClosing = /^\.\.\.\r?$/m.test(file) || /^\ufeff?\r?\n\r?\n---\r?\n/.test(file)
    for (const { spanId, data } of read.spans) {
      const id = Number(spanId)
      if (!isClosing && places[id - 1]?.part === 'torn') continue
      expect({ ...data }).toEqual({ a: id, list: [id, `text ${id}`], z: `${id}` })
      expect(places[id - 1]?.part).not.toBe('torn')
    }
    const isRead = ({ id }: Place): boolean => ids(read.spans).includes(id)
    const skips = read.places.map(({ at }) => Number(at.slice('byte '.length)))
    // There, text right behind it goes on with its last value.
    const goesOn = ({ part, id }: Place): boolean => {
      const before = places[id - 2]
      return !isClosing && part === 'text' && before?.part === 'torn' && isRead(before)
    }
    for (const lost of places) {
      if (HARMLESS.has(lost.part) || isRead(lost) || goesOn(lost)) continue
      const counted = skips.some(
        (at) => at < lost.to && !places.some((other) => isRead(other) && other.from > at && other.to <= lost.from),
      )
      expect({ file, lost, skips, counted }).toMatchObject({ counted: true })
    }
    for (const chunk of [1, 5, 64, 300]) expect(await parseInChunks(Buffer.from(file), chunk)).toStrictEqual(read)
    // Nothing is lost, nor counted, for what stands after it.
    if (places.every(({ part }) => part === 'written' || part === 'blank')) expect(read.skipped).toBe(0)
  })
  await fc.assert(property, { numRuns: process.env['TRACE_TEST_LONG'] === '1' ? 20_000 : runs(200) })
})
