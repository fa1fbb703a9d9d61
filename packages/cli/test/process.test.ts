import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { trace } from './support/run.js'
import { storySpans, writeStory } from './support/story.js'

// What only a process of its own shows: the built command, pipes, signals, terminals.
const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))
const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
const { NO_COLOR: _1, FORCE_COLOR: _2, COLUMNS: _3, TRACE_RECORDER: _4, NODE_OPTIONS: _5, ...env } = process.env
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

test('the built command prints, and ends with its exit code', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { cwd, env, encoding: 'utf8' })
  const found = run('ls', 'gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz', '--errors')
  expect(found).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('gateway, orders, inventory') })
  expect(run('ls', 'gateway.jsonl', 'kind:cache')).toMatchObject({ status: 1, stdout: '' })
  expect(run('ls', '--nonsense')).toMatchObject({ status: 2, stdout: '' })
  expect(run('ls')).toMatchObject({ status: 3, stdout: '' })
  expect(run('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('output that cannot be written is said', () => {
  const full = openSync('/dev/full', 'w')
  const { status, stderr } = spawnSync(process.execPath, [bin, 'ls', 'orders.yaml'], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  })
  closeSync(full)
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: expect.stringMatching(/^trace: cannot write the output: .*ENOSPC.*\n$/),
  })
})

describe('a file of 50,000 traces takes no more memory than a small one', () => {
  const path = join(cwd, 'large.yaml')
  beforeAll(() => {
    const file = openSync(path, 'w')
    for (let at = 0; at < 50_000; at += 1_000) {
      const spans = Array.from({ length: 1_000 }, (_, plus) => smallSpan(at + plus))
      writeSync(file, spans.join(''))
    }
    closeSync(file)
  })

  test.each([
    [['stats'], 0, '50000'],
    [['ls', 'name:none'], 1, ''],
    [['show', '1'], 0, 'a  task  some'],
    [['doctor'], 0, '50,000 traces, 50,000 spans, 1 service'],
  ])('trace %j', (args, status, text) => {
    // Of the heap, some 10 MB are the command itself. Each trace had a few hundred bytes in the lists of readers.
    const heap = ['--max-old-space-size=22', '--max-semi-space-size=2']
    const found = spawnSync(process.execPath, [...heap, bin, ...args, 'large.yaml'], { cwd, env, encoding: 'utf8' })
    expect({ ...found, stdout: found.stdout.slice(0, 1_000) }).toMatchObject({
      status,
      stdout: expect.stringContaining(text),
    })
  })
})

/** A trace of one span, a millisecond after the one before. */
function smallSpan(at: number): string {
  const time = new Date(Date.UTC(2026, 0, 31) + at).toISOString()
  return `\n---\nspan_id: ${at + 1}\ntrace_id: ${at + 1}\nparent_id: 0\nprocess: a:1@h\nkind: task\nname: some\nstart: "${time}"\nfinish: "${time}"\nat: ${at}\n...\n`
}

const ALWAYS = ['analysis/index.js', 'core/spans.js', 'core/store/index.js', 'core/store/open.js']
test.each([
  [['--help'], ALWAYS],
  [
    ['ls', 'orders.yaml'],
    [...ALWAYS, 'cli/ls.js', 'core/text-file/index.js', 'yamlrec/index.js'],
  ],
])('%j loads what it needs, and nothing of other commands', (args, needed) => {
  const coverage = mkdtempSync(join(tmpdir(), 'trace-cli-loaded-'))
  try {
    const { status } = spawnSync(process.execPath, [bin, ...args], { cwd, env: { ...env, NODE_V8_COVERAGE: coverage } })
    const [file = ''] = readdirSync(coverage)
    const text = readFileSync(join(coverage, file), 'utf8')
    const loaded = [...text.matchAll(/"url":"file:[^"]*\/packages\/([^"]*)"/g)].map(([, url = '']) =>
      url.replace('/dist/', '/').replace(/-[A-Z\d]{8}\.js$/, '.js'),
    )
    const isOfEach = (url: string): boolean =>
      /^cli\/bin\.js$|^(?:cli|core|analysis)\/shared\.js$|\/chunk\.js$/.test(url)
    expect([status, loaded.filter((url) => !isOfEach(url)).sort()]).toEqual([0, needed.toSorted()])
  } finally {
    rmSync(coverage, { recursive: true })
  }
})

test('a mistake says what happened, where, and what to do', async () => {
  writeFileSync(join(cwd, 'empty.jsonl'), '')
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['ls', 'none.yaml'], 3, 'none.yaml: there is no such file; check the path, or record something first'],
    [['ls', '.', '-f', cwd], 3, 'it is a folder; give the path of a file'],
    [['ls', 'empty.jsonl'], 1, 'no trace is in json('],
    [['show', 'empty.jsonl'], 1, 'there is no trace in json('],
    [['import', 'none.json'], 3, 'none.json: there is no such file or folder; check the path'],
    [['export', 'last', 'gateway.jsonl', '--to', 'otlp', '--out', 'no/x.json'], 3, 'no such file or folder'],
    [['copy', 'gateway.jsonl', 'x.txt'], 2, 'x.txt'],
    [['copy', 'gateway.jsonl', 'no/x.jsonl'], 3, 'its folder does not exist; create the folder'],
    [['ls', '--frmo', 'x'], 2, 'did you mean --from?'],
  ]
  for (const [args, status, message] of cases) {
    const { code, out, err } = await trace(args, { cwd })
    expect([args, code, out]).toEqual([args, status, ''])
    expect(err).toContain(message)
    expect(err).toMatch(/^trace: /)
    expect(err).not.toMatch(/ENOENT|EISDIR| {4}at /)
  }
})

test('a file that is not there yet is followed, and that is said', async () => {
  let said = (): void => {}
  const isSaid = new Promise<void>((resolve) => {
    said = resolve
  })
  const running = trace(['tail', 'later.jsonl', '-n', '1'], { cwd, onErr: () => said() })
  let isOver = false
  void running.finally(() => (isOver = true))
  await Promise.race([isSaid, running])
  const [span] = storySpans()
  while (!isOver && span !== undefined) {
    appendFileSync(join(cwd, 'later.jsonl'), spanToJsonLine(span))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const { out, err } = await running
  expect(out).toContain('inventory  db  select shelf')
  expect(err).toMatch(/there is no such file.*It is waited for until Ctrl-C\n$/)
})

test('a pipe that is closed ends it quietly', async () => {
  writeFileSync(
    join(cwd, 'many.jsonl'),
    Array.from({ length: 40 }, () => storySpans().map(spanToJsonLine).join('')).join(''),
  )
  const child = spawn(process.execPath, [bin, 'export', 'many.jsonl', '--to', 'jsonl'], { cwd, env })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(0)
  expect(stderr).not.toContain('EPIPE')
})

describe('an export that cannot end leaves no file', () => {
  const args = [bin, 'export', 'long.jsonl', '--to', 'jsonl', '--out', 'long-out.jsonl']
  const out = join(cwd, 'long-out.jsonl')
  beforeAll(() => {
    const [first] = storySpans()
    const spans = Array.from({ length: 60_000 }, (_, at) => ({ ...first, traceId: BigInt(at + 1) }) as Span)
    writeFileSync(join(cwd, 'long.jsonl'), spans.map(spanToJsonLine).join(''))
  })

  test('by Ctrl-C', async () => {
    const child = spawn(process.execPath, args, { cwd, env })
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])))
    const timer = setInterval(() => {
      if (!existsSync(out)) return
      clearInterval(timer)
      child.kill('SIGINT')
    }, 2)
    expect(await ended).toEqual([130, null])
    clearInterval(timer)
    expect(existsSync(out)).toBe(false)
  })

  test('where there is no more room for it', () => {
    const command = `ulimit -f 8; exec "$0" "$@"`
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, ...args], {
      cwd,
      env,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: `trace: cannot write ${out}: EFBIG: file too large, write\n`,
    })
    expect(existsSync(out)).toBe(false)
  })
})

test('Ctrl-C ends what follows quietly', async () => {
  const child = spawn(process.execPath, [bin, 'tail', 'gateway.jsonl'], { cwd, env })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    // A second one ends it at once.
    if (stdout === '') child.kill('SIGINT')
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])))
  // It follows from when it has opened the file, which nothing shows: a span is written until one is printed.
  const [span] = storySpans()
  const timer = setInterval(() => {
    if (span !== undefined) appendFileSync(join(cwd, 'gateway.jsonl'), spanToJsonLine(span))
  }, 100)
  try {
    expect(await ended).toEqual([0, null])
  } finally {
    clearInterval(timer)
  }
  expect(stderr).toBe('')
  expect(stdout).toContain('inventory  db  select shelf')
})

test.each([
  [60, 60],
  [200, 200],
  [0, 80],
])('on a terminal of %p columns it draws %p, in colours', (columns, expected) => {
  const command = `stty cols ${columns}; '${process.execPath}' '${bin}' ls orders.yaml`
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], { cwd, env, encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).toContain('\u001b[')
  const lines = stdout.replace(/\u001b\[\d+m/g, '').split('\r\n')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(expected)
  expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(expected / 2)
})
