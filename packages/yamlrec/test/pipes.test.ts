import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { RecordError, type Recorder, type Span } from '@trace/core'
import { openReader } from '@trace/core/open'
import { parseYaml, yamlReader, yamlRecorder } from '../src/index.js'
import { makeSpan } from './values.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trace-pipes-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}`)
const newPipe = (): string => {
  const path = newPath()
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  return path
}

interface End {
  readonly code: number | null
  /** Of the tracer, as the program wrote them to a file in its last moment. */
  readonly stats: { readonly recorded: number; readonly failed: number; readonly queued: number }
  /** What the shell's last command printed. */
  readonly out: string
}

/**
 * Runs a program in a shell, which writes 3,000 spans with the recorder that it is given.
 *
 * @param command of the shell, where `$RUN` is the program and `$STATS` the file that it ends by writing
 * @param recorder an expression
 * @param body what the program does, `work()` being the spans; default: the spans, and its exit
 */
function run(command: string, recorder: string, body = 'work(); process.exit(7)'): Promise<End> {
  const stats = newPath()
  const program = `
    import { createWriteStream, writeFileSync } from 'node:fs'
    import { Socket } from 'node:net'
    import { Worker } from 'node:worker_threads'
    import { createTracer } from '@trace/core'
    import { openRecorder } from '@trace/core/open'
    import { yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    import { jsonRecorder } from ${JSON.stringify(new URL('../../jsonrec/dist/index.js', import.meta.url).href)}
    const tracer = createTracer({ service: 'test', recorder: ${recorder} })
    const work = () => { for (let at = 0; at < 3000; at++) tracer.trace('work', 'n' + at, () => {}) }
    setTimeout(() => {}, 1)
    tracer.trace('work', 'first', () => {})
    process.on('exit', () => writeFileSync(${JSON.stringify(stats)}, JSON.stringify(tracer.stats())))
    ${body}`
  const run = `"${process.execPath}" --input-type=module -e "$PROGRAM"`
  const script = command.replaceAll('$RUN', run).replaceAll('$STATS', stats)
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', script], {
      cwd: here,
      env: { ...process.env, PROGRAM: program },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.once('close', (code) => {
      const out = Buffer.concat(parts).toString()
      resolve({ code, stats: JSON.parse(readFileSync(stats, 'utf8')), out })
    })
  })
}

const names = async (text: string): Promise<Set<string>> =>
  new Set((await parseYaml(text)).spans.flatMap(({ kind, name }) => (kind === 'ledger' ? [] : [name])))

/** A reader that lets the pipe fill up. */
const SLOW = '{ sleep 0.4; cat; }'
/** A reader that begins when the program has ended. */
const AFTER = '{ until [ -s $STATS ]; do sleep 0.05; done; cat; }'
const STDOUT = 'yamlRecorder({ stream: process.stdout })'

describe('at exit, of 3,001 spans', () => {
  test.each([
    ['standard output', STDOUT, `$RUN | ${SLOW}`],
    ['standard output, by URL', `openRecorder('yaml:-')`, `$RUN | ${SLOW}`],
    ['standard error', 'yamlRecorder({ stream: process.stderr })', `$RUN 2>&1 >/dev/null | ${SLOW}`],
    ['/dev/stdout', `yamlRecorder({ path: '/dev/stdout' })`, `$RUN | ${SLOW}`],
    ['standard output that is a file', STDOUT, '$RUN > $STATS.out; cat $STATS.out'],
    ['standard output that is appended to a file', STDOUT, '$RUN >> $STATS.out; cat $STATS.out'],
  ])('all reach %s', async (_, recorder, command) => {
    const { stats, out } = await run(command, recorder)
    expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
    expect((await names(out)).size).toBe(3_001)
  })

  test.each([`openRecorder('jsonl:-')`, 'jsonRecorder({ stream: process.stdout })'])(
    'all reach %s',
    async (recorder) => {
      const { stats, out } = await run(`$RUN | ${SLOW}`, recorder)
      expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
      const lines = out.split('\n').filter((line) => line !== '')
      expect(new Set(lines.map((line) => JSON.parse(line).name)).size).toBe(3_001)
    },
  )

  test('all reach a pipe that holds a part of a batch, and what the program wrote itself', async () => {
    const before = `console.log('x'.repeat(300_000)); work(); setTimeout(() => process.exit(), 200)`
    const { stats, out } = await run(`$RUN | ${SLOW}`, STDOUT, before)
    expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
    expect((await names(out)).size).toBe(3_001)
    expect(out).toMatch(/^x{4096}/)
  })

  test('all reach a pipe where the program comes to its end', async () => {
    const { stats, out } = await run(`$RUN | ${SLOW}`, STDOUT, `console.log('x'.repeat(300_000)); work()`)
    expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
    expect((await names(out)).size).toBe(3_001)
    expect(out).toMatch(/^x{300000}\n/)
  })

  test('those are counted that a pipe took whose reader does not read', async () => {
    const { stats, out } = await run(`$RUN 2> $STATS.err | ${AFTER}`, STDOUT)
    expect(stats.recorded + stats.failed).toBe(3_001)
    expect(stats.recorded).toBeGreaterThan(0)
    expect((await names(out)).size).toBe(stats.recorded)
  })

  test.each([
    ['a reader that leaves', `$RUN 2> $STATS.err | head -c 100 > /dev/null; cat $STATS.err`, 'its reader is gone'],
    [
      'a reader that does not read',
      `$RUN 2> $STATS.err | ${AFTER} > /dev/null; cat $STATS.err`,
      'taken nothing for 5 s',
    ],
    ['a full disk', '$RUN 2>&1 > /dev/full', 'the disk is full'],
  ])('those are said to be lost that do not reach %s', async (_, command, why) => {
    const { stats, out } = await run(command, STDOUT)
    expect(stats.recorded + stats.failed).toBe(3_001)
    expect(out).toContain(
      `TraceWarning: trace: ${stats.failed} spans were lost: yaml(stdout): cannot write to stdout: `,
    )
    expect(out).toContain(why)
    if (command.includes('/dev/full')) expect(stats.recorded).toBe(0)
  })

  test.each([
    ['a file', `createWriteStream(${JSON.stringify(join(folder, 'own'))})`],
    ['a pipe', 'new Socket({ fd: 1, readable: false })'],
  ])("those are said to be lost that a program's own stream to %s cannot take at once", async (_, stream) => {
    const { stats, out } = await run(
      '$RUN 2> $STATS.err | cat > /dev/null; cat $STATS.err',
      `yamlRecorder({ stream: ${stream} })`,
    )
    expect(stats).toMatchObject({ recorded: 0, failed: 3_001 })
    expect(out).toContain('3001 spans were lost: yaml(stream) cannot store at exit; call `await tracer.close()`')
  })

  test("all reach a program's own stream where it closes its tracer", async () => {
    const body = 'work(); await tracer.close(); process.exit()'
    const { stats, out } = await run(
      `$RUN | ${SLOW}`,
      'yamlRecorder({ stream: new Socket({ fd: 1, readable: false }) })',
      body,
    )
    expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
    expect((await names(out)).size).toBe(3_001)
  })

  test.each(['yaml', 'jsonl'])('all can be read amid what the program logs: %s', async (format) => {
    const body = `
      for (let round = 0; round < 20; round++) {
        console.log('listening on port ' + round)
        for (let at = 0; at < 150; at++) tracer.trace('work', 'n' + (round * 150 + at), () => {})
        await tracer.flush()
        console.log(JSON.stringify({ level: 'info', round }))
      }
      process.exit()`
    const { stats, out } = await run('$RUN | cat', `openRecorder('${format}:-')`, body)
    expect(stats).toMatchObject({ recorded: 3_001, failed: 0 })
    const path = newPath()
    writeFileSync(path, out)
    const reader = format === 'yaml' ? yamlReader({ path }) : openReader(`jsonl:${path}`)
    const { traces, skipped } = await reader.traces({ limit: 5_000 })
    expect(new Set(traces.map(({ name }) => name)).size).toBe(3_001)
    // Lines that follow each other may count as one.
    expect(skipped).toBeGreaterThanOrEqual(20)
    expect(skipped).toBeLessThanOrEqual(40)
  })

  test('all reach the standard output of a worker', async () => {
    const inWorker = `
      const { createTracer } = require('@trace/core')
      const { yamlRecorder } = require(${JSON.stringify(fileURLToPath(new URL('../dist/index.cjs', import.meta.url)))})
      const tracer = createTracer({ service: 'test', recorder: yamlRecorder({ stream: process.stdout }) })
      for (let at = 0; at < 3000; at++) tracer.trace('work', 'n' + at, () => {})
      process.exit()`
    const { out } = await run(
      `$RUN | ${SLOW}`,
      STDOUT,
      `new Worker(${JSON.stringify(inWorker)}, { eval: true, execArgv: [] })`,
    )
    expect((await names(out)).size).toBe(3_001)
  })
})

async function failure(work: () => void | Promise<void> | undefined): Promise<RecordError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
  throw new Error('it did not fail')
}

const readers: ChildProcess[] = []
afterEach(() => {
  for (const reader of readers.splice(0)) reader.kill()
})

/** What a process reads from a pipe, until the end of what is written there. It saves that to a file: this one may be blocked. */
function readerOf(pipe: string, command = 'exec cat'): Promise<string> {
  const saved = newPath()
  const child = spawn('sh', ['-c', `exec < "$0" > "$1"; ${command}`, pipe, saved], { stdio: 'ignore' })
  readers.push(child)
  return new Promise((resolve) => child.once('close', () => resolve(readFileSync(saved, 'utf8'))))
}

/** Records as soon as somebody reads. */
async function untilTaken(recorder: Recorder, spans: readonly Span[]): Promise<void> {
  for (;;) {
    try {
      return await recorder.record(spans)
    } catch (error) {
      if (!(error instanceof RecordError) || !error.message.includes('nobody reads')) throw error
      await sleep(20)
    }
  }
}

const many = (count: number, from = 1): Span[] =>
  Array.from({ length: count }, (_, at) => makeSpan({ spanId: BigInt(from + at), name: `n${from + at}` }))

describe('a path that is', () => {
  test('a pipe without a reader is told at once, and blocks nothing', async () => {
    const path = newPipe()
    const recorder = yamlRecorder({ path })
    for (let round = 0; round < 8; round++) {
      for (const record of [recorder.record, recorder.recordSync]) {
        const error = await failure(() => record?.(many(3)))
        expect(error.message).toContain(`cannot append to ${path}: it is a pipe that nobody reads, or a socket; start`)
        expect(error.spans).toHaveLength(3)
      }
    }
    // Each blocked opening would hold one of the four threads that this needs.
    expect((await readFile(fileURLToPath(import.meta.url))).length).toBeGreaterThan(0)
  })

  test.each(['process.exit(7)', ''])(
    'a pipe without a reader does not keep the process that ends by %p',
    async (exit) => {
      const path = newPipe()
      const { stats, out } = await run('timeout 60 $RUN 2>&1', `openRecorder('yaml:${path}')`, `work(); ${exit}`)
      expect(stats).toMatchObject({ recorded: 0, failed: 3_001 })
      expect(out).toContain('it is a pipe that nobody reads')
    },
  )

  test('a pipe with a reader gives it batch after batch', async () => {
    const path = newPipe()
    const recorder = yamlRecorder({ path })
    const reader = readerOf(path)
    await untilTaken(recorder, many(1))
    await recorder.record(many(2_000, 2))
    recorder.recordSync?.(many(2_000, 2_002))
    await recorder.record(many(1, 4_002))
    await recorder.close?.()
    expect((await names(await reader)).size).toBe(4_002)
  })

  test('a pipe whose reader leaves loses what that has not read, and goes on with the next reader', async () => {
    const path = newPipe()
    const recorder = yamlRecorder({ path })
    const first = readerOf(path, 'exec head -c 100')
    await untilTaken(recorder, many(1))
    await first
    const error = await failure(() => recorder.record(many(3)))
    expect(error.message).toMatch(/its reader is gone|a pipe that nobody reads/)
    expect(error.spans).toHaveLength(3)
    const second = readerOf(path)
    await untilTaken(recorder, many(5))
    await recorder.close?.()
    expect((await names(await second)).size).toBe(5)
  })

  test('a pipe whose reader does not read is told after a while, with what it did not take', async () => {
    const path = newPipe()
    const recorder = yamlRecorder({ path })
    const reader = readerOf(path, 'until [ -e "$0.go" ]; do sleep 0.05; done; exec cat')
    await untilTaken(recorder, many(1))
    const error = await failure(() => recorder.record(many(2_000, 2)))
    expect(error.message).toContain('its reader has taken nothing for 5 s')
    expect(error.spans.length).toBeGreaterThan(100)
    await recorder.close?.()
    spawnSync('touch', [`${path}.go`])
    expect((await names(await reader)).size).toBe(2_001 - error.spans.length)
  })

  test('a socket is told', async () => {
    const path = newPath()
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    for (const record of [yamlRecorder({ path }).record, yamlRecorder({ path }).recordSync]) {
      expect((await failure(() => record?.(many(3)))).message).toContain('or a socket')
    }
    await expect(yamlReader({ path }).traces()).rejects.toThrow('it is a pipe, socket or device')
    server.close()
  })

  test('/dev/null takes everything', async () => {
    await yamlRecorder({ path: '/dev/null' }).record(many(3))
    yamlRecorder({ path: '/dev/null' }).recordSync?.(many(3))
  })

  test('a symbolic link makes the file that it leads to, or tells why not', async () => {
    const [target, link, astray, loop] = [newPath(), newPath(), newPath(), newPath()]
    symlinkSync(target, link)
    symlinkSync(join(folder, 'none', 'x'), astray)
    symlinkSync(loop, loop)
    await yamlRecorder({ path: link }).record(many(2))
    expect((await names(readFileSync(target, 'utf8'))).size).toBe(2)
    expect((await failure(() => yamlRecorder({ path: astray }).record(many(2)))).message).toContain(
      'folder does not exist',
    )
    expect((await failure(() => yamlRecorder({ path: loop }).record(many(2)))).message).toContain('symbolic links')
    await expect(yamlReader({ path: loop }).traces()).rejects.toThrow('its symbolic links form a circle')
  })
})

test('a pipe is refused by readers at once, and its writer does not notice', async () => {
  const path = newPipe()
  const writer = spawn('sh', ['-c', 'echo > "$0"; echo $? > "$0.done"', path])
  const reader = yamlReader({ path })
  const refused = { code: 'TRACE_CANNOT_READ', message: expect.stringContaining('save its output to a file') }
  for (let round = 0; round < 8; round++) {
    await expect(reader.traces()).rejects.toMatchObject(refused)
    await expect(reader.trace(1n)).rejects.toMatchObject(refused)
    await expect(reader.follow({})[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused)
  }
  await expect(yamlReader({ path: '/dev/null' }).traces()).rejects.toMatchObject(refused)
  expect(existsSync(`${path}.done`)).toBe(false)
  const end = new Promise((resolve) => writer.once('close', resolve))
  expect(await readerOf(path)).toBe('\n')
  await end
})
