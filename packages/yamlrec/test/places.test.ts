import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanToYaml, yamlReader } from '../src/index.js'
import { makeSpan } from './values.js'

const folder = mkdtempSync(join(tmpdir(), 'places-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)
const textOf = (some: readonly Span[]): string => some.map((span) => `\n${spanToYaml(span)}`).join('')
const SECOND = 1_000_000_000n

/** Spans of documents of various lengths, whose traces take turns. */
const spans = Array.from({ length: 800 }, (_, at) =>
  makeSpan({
    spanId: BigInt(1_000_000 + at),
    traceId: BigInt(1 + (at % 40)),
    start: BigInt(at) * SECOND,
    finish: BigInt(at) * SECOND + 5n,
    data: Object.fromEntries(Array.from({ length: at % 7 }, (_each, key) => [`key ${key}`, 'x'.repeat(at % 90)])),
  }),
)

/** What stands at a place, by the id of its span. */
function idAt(place: string | undefined): bigint | undefined {
  const [, path = '', line = ''] = /^(.*):(\d+)$/.exec(place ?? '') ?? []
  const following = linesOfFile(path).slice(Number(line) - 1, Number(line) + 4)
  const [mark, first = ''] = following
    .filter((each) => !/^\S+ stderr/.test(each))
    .map((each) => each.replace(/^\S+ stdout [FP] |\r$/g, ''))
  const id = /^span_id: (\d+)$/.exec(first)?.[1]
  return mark === '---' && id !== undefined && !/stderr/.test(following[0] ?? '') ? BigInt(id) : undefined
}

const known = new Map<string, string[]>()
function linesOfFile(path: string): string[] {
  const found = known.get(path)
  if (found !== undefined) return found
  const bytes = readFileSync(path)
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n')
  known.set(path, lines)
  return lines
}

/** Lines of a container runtime's log: long ones are cut, and others stand between. */
function containerLog(text: string): string {
  const time = '2026-01-31T10:00:00.000000000Z'
  const lines = text.split('\n').map((line, at) => {
    const noise = at % 5 === 0 ? `${time} stderr F warning ${at}\n` : ''
    const [first, rest] = [line.slice(0, 30), line.slice(30)]
    return `${rest === '' ? '' : `${time} stdout P ${first}\n`}${noise}${time} stdout F ${rest === '' ? first : rest}\n`
  })
  return lines.join('')
}

describe.each<[string, () => string | string[]]>([
  [
    'a file',
    () => {
      const path = newPath()
      writeFileSync(path, textOf(spans))
      return path
    },
  ],
  [
    'rotated files, one of them compressed',
    () => {
      const path = newPath()
      writeFileSync(`${path}.1.gz`, gzipSync(textOf(spans.slice(0, 300))))
      writeFileSync(`${path}.2`, textOf(spans.slice(300, 500)))
      writeFileSync(path, textOf(spans.slice(500)))
      return path
    },
  ],
  [
    'several files, with torn documents, and line breaks of Windows',
    () => {
      const paths = [newPath(), newPath()]
      const parts = [spans.filter((_, at) => at % 2 === 0), spans.filter((_, at) => at % 2 === 1)]
      const [first = [], second = []] = parts
      writeFileSync(paths[0] ?? '', `# a comment\n${textOf(first).replaceAll('\n---', '\n---\nspan_id: 5\n\n---')}`)
      writeFileSync(paths[1] ?? '', textOf(second).replaceAll('\n', '\r\n'))
      return paths
    },
  ],
  [
    "a container runtime's log",
    () => {
      const path = newPath()
      writeFileSync(path, containerLog(textOf(spans)))
      return path
    },
  ],
])('in %s', (_what, write) => {
  const path = write()
  const told = new Map<Span, string>()
  const onPlace = (span: Span, place: string): void => void told.set(span, place)

  test('each span of a trace stands where it is said to', async () => {
    const found = await yamlReader({ path, margin: Infinity }).trace(7n, { onPlace })
    expect(found.spans.map((span) => idAt(told.get(span)))).toEqual(found.spans.map(({ spanId }) => spanId))
    expect(found.spans).toHaveLength(20)
  })

  test('so does each span of a scan, from a time on too', async () => {
    for (const query of [{}, { from: 700n * SECOND }]) {
      const found: Span[] = []
      for await (const batch of yamlReader({ path }).scan(query, { onPlace })) found.push(...batch.spans)
      expect(found.map((span) => idAt(told.get(span)))).toEqual(found.map(({ spanId }) => spanId))
      expect(found.length).toBe('from' in query ? 100 : 800)
    }
  })
})

test.each([false, true])(
  'a span that is followed stands where it is said to, in a rotated file too (container log: %p)',
  async (isLog) => {
    const path = newPath()
    const write = isLog ? containerLog : (text: string): string => text
    writeFileSync(path, write(textOf(spans.slice(0, 50))))
    const stop = new AbortController()
    const seen: (bigint | undefined)[] = []
    const places: string[] = []
    /** What was being read as the file was moved away is still said to stand in it. */
    let wasBeingRead = false
    const onPlace = (span: Span, place: string): void => {
      places.push(place)
      known.clear()
      const moved = place.replace('.yaml:', '.yaml.1:')
      const isThere = existsSync(place.replace(/:\d+$/, '')) && idAt(place) === span.spanId
      seen.push(isThere || (wasBeingRead && idAt(moved) === span.spanId) ? span.spanId : undefined)
      setImmediate(() => {
        wasBeingRead = false
      })
    }
    let next = 50
    const writing = setInterval(() => {
      appendFileSync(path, write(textOf(spans.slice(next, ++next))))
      // The file is moved away while what stands in it was not read yet.
      if (next !== 60) return
      renameSync(path, `${path}.1`)
      wasBeingRead = true
    }, 50)
    try {
      const following = yamlReader({ path }).follow({ signal: stop.signal, onPlace })
      for await (const _ of following)
        if (seen.length >= 20 && places.some((place) => place.includes('.yaml:'))) stop.abort()
    } finally {
      clearInterval(writing)
    }
    expect(seen).not.toContain(undefined)
    expect(new Set(seen).size).toBe(seen.length)
  },
)
