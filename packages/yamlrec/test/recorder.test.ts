import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { RecordError, type Span } from '@trace/core'
import { Batch, textRecorder, type Utf8Text } from '@trace/core/text-file'
import { parseYaml, spanToYaml, yamlRecorder } from '../src/index.js'
import { makeSpan } from './values.js'

const folder = mkdtempSync(join(tmpdir(), 'yamlrec-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)
const spanOf = (id: number, size = 0): Span =>
  makeSpan({ spanId: BigInt(id), data: size > 0 ? { text: 'x'.repeat(size) } : {} })
const many = (count: number, size = 0): Span[] => Array.from({ length: count }, (_, at) => spanOf(at + 1, size))
const ids = (spans: readonly Span[]): number[] => spans.map((span) => Number(span.spanId))
const stored = async (path: string): Promise<number[]> => ids((await parseYaml(readFileSync(path))).spans)

async function failure(run: () => void | Promise<void>): Promise<RecordError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
  throw new Error('it did not fail')
}

const program = (body: string): string => `
  import { yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
  const span = (id, size) => ({ spanId: BigInt(id), traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n',
    start: 1n, finish: 2n, data: { text: 'x'.repeat(size) } })
  ${body}`

function run(command: string, args: string[]): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (part) => {
      out += part
    })
    child.on('close', (code) => resolve({ code, out }))
  })
}

const runProgram = (body: string): Promise<{ code: number | null; out: string }> =>
  run(process.execPath, ['--input-type=module', '-e', program(body)])

describe('a file', () => {
  test('formats a batch in four slices, so that the event loop turns meanwhile, unless it has fallen behind', async () => {
    let [inTurn, most, isDone] = [0, 0, false]
    const write = (span: Span, text: Utf8Text): void => {
      most = Math.max(most, ++inTurn)
      text.addText(spanToYaml(span))
    }
    const path = newPath()
    const recorder = textRecorder({ name: 'yaml', write }, { path })
    const turn = (): void => {
      inTurn = 0
      if (!isDone) setImmediate(turn)
    }
    turn()
    await recorder.record(many(512))
    // As much as two slices where a callback of the file system comes in between.
    expect(most).toBeLessThanOrEqual(256)
    await recorder.record(many(1_000))
    isDone = true
    expect(most).toBe(1_000)
    expect(await stored(path)).toEqual([...ids(many(512)), ...ids(many(1_000))])
  })

  test('does nothing before the first record, then appends', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path })
    expect(recorder.name).toBe(`yaml(${path})`)
    await recorder.record([])
    expect(existsSync(path)).toBe(false)
    await recorder.record(many(2))
    recorder.recordSync?.([spanOf(3)])
    await recorder.record([spanOf(4)])
    expect(await stored(path)).toEqual([1, 2, 3, 4])
    expect(readFileSync(path).toString()).toMatch(
      /^\n\n---\nspan_id: 1\n[\s\S]*\.\.\.\n\n---\n[\s\S]*\.\.\.\n\n\n---\nspan_id: 3\n/,
    )
  })

  test('may be moved away or deleted between records', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path })
    await recorder.record([spanOf(1)])
    renameSync(path, `${path}.1`)
    await recorder.record([spanOf(2)])
    expect([await stored(`${path}.1`), await stored(path)]).toEqual([[1], [2]])
    rmSync(path)
    await recorder.record([spanOf(3)])
    expect(await stored(path)).toEqual([3])
  })

  test('takes batches of many writes, and spans larger than one', async () => {
    const path = newPath()
    const spans = [...many(2_000, 100), spanOf(2_001, 300_000), ...many(3)]
    await yamlRecorder({ path }).record(spans)
    expect(await stored(path)).toEqual(ids(spans))
  })

  test('of four processes at once has everything, and nothing torn', async () => {
    const path = newPath()
    const body = (part: number): string => `
      const recorder = yamlRecorder({ path: ${JSON.stringify(path)} })
      for (let batch = 0; batch < 20; batch++) {
        const spans = Array.from({ length: 200 }, (_, at) => span(${part} + batch * 200 + at, (at * 7) % 900))
        if (batch % 2) recorder.recordSync(spans)
        else await recorder.record(spans)
      }`
    const ends = await Promise.all([1, 1e6, 2e6, 3e6].map((part) => runProgram(body(part))))
    expect(ends.map((end) => end.code)).toEqual([0, 0, 0, 0])
    const { spans, skipped } = await parseYaml(readFileSync(path))
    expect(skipped).toBe(0)
    expect(new Set(ids(spans)).size).toBe(16_000)
    expect(readFileSync(path).length).toBeGreaterThan(8e6)
  }, 240_000)

  test.each([
    ['a missing folder', (): string => join(folder, 'none', 'x.yaml'), 'folder does not exist'],
    ['a folder', (): string => folder, 'it is a folder'],
    ['a full disk', (): string => '/dev/full', 'the disk is full'],
  ])('%s is told, with all spans', async (_, path, message) => {
    const recorder = yamlRecorder({ path: path() })
    for (const record of [recorder.record, recorder.recordSync]) {
      const error = await failure(() => record?.(many(3)))
      expect(error.message).toContain(message)
      expect(error.message).toContain(path())
      expect(error.message).not.toContain('\n')
      expect(error.cause).toHaveProperty('code')
      expect(ids(error.spans)).toEqual([1, 2, 3])
    }
  })

  test.each(['record', 'recordSync'])('at its size limit %s says exactly what is not stored', async (method) => {
    const path = newPath()
    const body = `
      const spans = Array.from({ length: 3000 }, (_, at) => span(at + 1, 100))
      try {
        await yamlRecorder({ path: ${JSON.stringify(path)} }).${method}(spans)
      } catch (error) {
        console.log(JSON.stringify([error.message, error.spans.map((span) => Number(span.spanId))]))
      }`
    // The limit counts blocks of 512 or 1,024 bytes, as the shell has it; the signal would end the process.
    const script = 'trap "" XFSZ; ulimit -f 300; exec "$0" --input-type=module -e "$1"'
    const { out } = await run('sh', ['-c', script, process.execPath, program(body)])
    const [message, unstored]: [string, number[]] = JSON.parse(out)
    expect(message).toContain('largest size')
    expect(unstored.length).toBeGreaterThan(10)
    const { spans, skipped } = await parseYaml(readFileSync(path))
    expect([...ids(spans), ...unstored]).toEqual(ids(many(3_000)))
    expect(skipped).toBeLessThanOrEqual(1)
    await yamlRecorder({ path }).record([spanOf(5_000)])
    expect(await stored(path)).toEqual([...ids(spans), 5_000])
  })

  test('a span that cannot be written does not take others with it', async () => {
    const path = newPath()
    const poison = makeSpan({ spanId: 66n, start: 10n ** 40n })
    const error = await failure(() => yamlRecorder({ path }).record([spanOf(1), poison, spanOf(2)]))
    expect(ids(error.spans)).toEqual([66])
    expect(error.message).toContain('time out of range')
    expect(await stored(path)).toEqual([1, 2])
    const alone = await failure(() => yamlRecorder({ path }).record([poison]))
    expect(ids(alone.spans)).toEqual([66])
  })
})

const writeYaml = (span: Span, text: Utf8Text): void => text.addText(spanToYaml(span))

test('a write that is cut at any byte has exactly those spans that are told, and the next write is whole', async () => {
  const whole = new Batch('x', many(3), writeYaml).next() ?? Buffer.alloc(0)
  const later = new Batch('x', [spanOf(4)], writeYaml).next() ?? Buffer.alloc(0)
  for (let cut = 0; cut <= whole.length; cut++) {
    const batch = new Batch('x', many(3), writeYaml)
    batch.next()
    batch.wrote(cut)
    const unstored = cut === whole.length ? [] : ids((await failure(() => batch.throwIfNotStored('it is cut'))).spans)
    const stored = ids((await parseYaml(Buffer.concat([whole.subarray(0, cut), later]))).spans)
    // The line break after the last `...` may be all that is missing: that document then is told, and there.
    const first = unstored[0] ?? 4
    const lacksBreak = whole.toString('utf8', 0, cut).endsWith('\n...') ? 1 : 0
    expect(stored).toHaveLength(first + lacksBreak)
    expect(stored).toEqual([...ids(many(stored.length - 1)), 4])
    expect([...ids(many(first - 1)), ...unstored]).toEqual([1, 2, 3])
  }
})

describe('a stream', () => {
  test('gets all of it, in turn, and stays open', async () => {
    const chunks: Buffer[] = []
    let writing = 0
    const stream = new Writable({
      highWaterMark: 10,
      write(chunk: Buffer, _, done) {
        expect(++writing).toBe(1)
        chunks.push(chunk)
        setTimeout(() => {
          writing--
          done()
        }, 5)
      },
    })
    const recorder = yamlRecorder({ stream })
    await recorder.record(many(500, 500))
    await recorder.record([spanOf(501)])
    expect(ids((await parseYaml(Buffer.concat(chunks))).spans)).toEqual(ids(many(501)))
    expect(chunks.length).toBeGreaterThan(2)
    expect(stream.writableEnded).toBe(false)
    expect([stream.listenerCount('error'), stream.listenerCount('close')]).toEqual([0, 0])
    expect(recorder.recordSync).toBeUndefined()
  })

  test('that fails rejects with what it did not take', async () => {
    let writes = 0
    const stream = new Writable({ write: (_chunk, _, done) => done(++writes > 1 ? new Error('broken pipe') : null) })
    const error = await failure(() => yamlRecorder({ stream }).record(many(500, 500)))
    expect(error.message).toContain('broken pipe')
    expect(ids(error.spans).at(-1)).toBe(500)
    expect(error.spans.length).toBeLessThan(500)
    await sleep(20)
    const again = await failure(() => yamlRecorder({ stream }).record(many(2)))
    expect(again.spans).toHaveLength(2)
  })

  test('that is destroyed or ended rejects', async () => {
    const stuck = new Writable({ write: () => {} })
    const pending = failure(() => yamlRecorder({ stream: stuck }).record(many(2)))
    stuck.destroy()
    expect((await pending).spans).toHaveLength(2)
    const ended = new PassThrough()
    ended.end()
    expect((await failure(() => yamlRecorder({ stream: ended }).record(many(2)))).message).toContain('has ended')
    const broken = new PassThrough()
    const second = failure(() => yamlRecorder({ stream: broken }).record([spanOf(1, 200_000)]))
    broken.destroy(new Error('gone'))
    expect((await second).message).toContain('gone')
  })

  test('of the process is written at exit too', async () => {
    const { out } = await runProgram(`
      const recorder = yamlRecorder({ stream: process.stdout })
      await recorder.record([span(1, 10)])
      process.on('exit', () => recorder.recordSync(Array.from({ length: 50 }, (_, at) => span(at + 2, 1000))))`)
    expect(ids((await parseYaml(out)).spans)).toEqual(ids(many(51)))
    expect(yamlRecorder({ stream: process.stderr }).name).toBe('yaml(stderr)')
  })
})

describe('options', () => {
  const bad: [object | undefined, RegExp][] = [
    [undefined, /expected an object/],
    [{}, /got neither/],
    [{ path: 'x', stream: process.stdout }, /got both/],
    [{ path: '' }, /"path".*got ""/],
    [{ path: 5 }, /"path".*got 5/],
    [{ stream: 'x' }, /"stream": expected a Writable/],
    [{ file: 'x' }, /unknown option "file"/],
  ]
  test.each(bad)('%j are refused', (options, message) => {
    expect(() => Reflect.apply(yamlRecorder, undefined, [options])).toThrow(message)
  })
})
