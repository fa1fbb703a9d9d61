import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { createTraceTable, dynamoRecorder } from '@trace/dynamorec'
import { spanFromJsonLine } from '@trace/jsonrec'
import { expectGolden, NOW, type Printed, trace } from './support/run.js'
import { SESSION, sessionText } from './support/session.js'
import { storySpans, writeStory } from './support/story.js'

// Each command over the files of three hosts and over DynamoDB, on real terminals and piped: the texts are the same.
const HOSTS = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz']
const WIDTHS = ['60', '100', '200', '0']
const PIPED = 'piped'
const SETTINGS = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
}

interface Engine {
  readonly url: string
  stop(): Promise<void>
}

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
let engine: Engine
let table: string

beforeAll(async () => {
  const file = fileURLToPath(new URL('../../dynamorec/test/support/engine-process.mjs', import.meta.url))
  const { startEngineProcess }: { startEngineProcess(): Promise<Engine> } = await import(file)
  engine = await startEngineProcess()
  await writeStory(cwd)
  Object.assign(process.env, SETTINGS)
  const isUp = (): Promise<boolean> =>
    fetch(engine.url).then(
      () => true,
      () => false,
    )
  while (!(await isUp())) await sleep(100)
  await newTable('Story')
  table = urlOf('Story')
  await record(table, storySpans())
})
afterAll(async () => {
  await engine.stop()
  rmSync(cwd, { recursive: true })
})

const urlOf = (name: string): string =>
  `dynamodb://${name}?region=eu-west-1&endpoint=${encodeURIComponent(engine.url)}&index=true`

async function newTable(name: string): Promise<void> {
  await createTraceTable({ table: name, region: 'eu-west-1', endpoint: engine.url, index: true })
}

async function record(url: string, spans: readonly Span[]): Promise<void> {
  const recorder = dynamoRecorder({
    table: new URL(url).hostname,
    region: 'eu-west-1',
    endpoint: engine.url,
    index: true,
  })
  await recorder.record(spans)
  await recorder.close?.()
}

/** What the commands of a session print; they have nothing to warn of. */
function expectSession(name: string, printed: readonly (readonly [out: string, err: string])[]): void {
  for (const [, err] of printed) expect(err.replace(/^trace: .*(?:more rows|only).*\n/gm, '')).toBe('')
  expectGolden(`session-${name}.txt`, sessionText(printed.map(([out]) => out)))
}

describe('over the files of three hosts', () => {
  const sessions = new Map<string, (readonly [string, string])[]>()
  // One process on a real terminal, whose width changes, and one in a pipe.
  beforeAll(() => {
    const program = fileURLToPath(new URL('support/session-process.mjs', import.meta.url))
    const run = (names: readonly string[], command: (words: readonly string[]) => readonly string[]): void => {
      const widths = JSON.stringify(names.filter((name) => name !== PIPED).map(Number))
      const words = [process.execPath, program, JSON.stringify(SESSION), widths, String(NOW), ...HOSTS]
      const [file = '', ...args] = command(words)
      const { COLUMNS: _1, FORCE_COLOR: _2, NODE_OPTIONS: _3, ...others } = process.env
      const env = { ...others, NO_COLOR: '1' }
      const { stdout } = spawnSync(file, args, { cwd, env, encoding: 'utf8' })
      const texts = stdout.replaceAll('\r\n', '\n').split(/^=====(.*)\n/m)
      for (const [at, name] of names.entries()) {
        const commands = SESSION.map((_, each) => 2 * (at * SESSION.length + each))
        sessions.set(
          name,
          commands.map((each) => [texts[each] ?? '', JSON.parse(texts[each + 1] ?? '""')]),
        )
      }
    }
    run([PIPED], (words) => words)
    run(WIDTHS, (words) => ['script', '-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'])
  })

  test.each([...WIDTHS, PIPED])('%s columns', (name) => {
    expectSession(name, sessions.get(name) ?? [])
  })
})

// A terminal and its width change how a text is laid out, and not what is read, which takes some hundred requests for each command.
test('over DynamoDB: the same', async () => {
  const printed: [string, string][] = []
  for (const args of SESSION) {
    const { out, err } = await trace([...args, '--from', table], { cwd, env: { NO_COLOR: '1' } })
    printed.push([out, err])
  }
  expectSession(PIPED, printed)
})

const spansOf = (lines: string): Span[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => spanFromJsonLine(line) as Span)
    .sort((a, b) => (a.spanId < b.spanId ? -1 : 1))

test.each([
  ['show', 'last', '--json'],
  ['export', '--to', 'jsonl'],
])('%s %s %s gives the same spans of files and of DynamoDB', async (...args) => {
  const [files, ofTable] = [await trace([...args, ...HOSTS], { cwd }), await trace([...args, table], { cwd })]
  expect(spansOf(ofTable.out)).toEqual(spansOf(files.out))
})

test.each(['otlp', 'zipkin', 'jaeger', 'chrome', 'yaml'])(
  'export --to %s of DynamoDB has all spans',
  async (format) => {
    const sum = async (stores: readonly string[]): Promise<Printed> =>
      trace(['export', '--to', format, '--out', `${stores.length}.${format}`, '--json', ...stores], { cwd })
    expect(JSON.parse((await sum([table])).out)).toMatchObject({ traces: 11, spans: 105 })
    expect(JSON.parse((await sum(HOSTS)).out)).toMatchObject({ traces: 11, spans: 105 })
  },
)

test('copy and import into DynamoDB, and tail what arrives there', async () => {
  await newTable('Copy')
  const copy = urlOf('Copy')
  const copied = await trace(['copy', 'gateway.jsonl', copy, '--json'], { cwd })
  const first = JSON.parse(copied.out).copied
  const rest = await trace(['copy', ...HOSTS, copy, '--json'], { cwd })
  expect(JSON.parse(rest.out)).toEqual({ copied: storySpans().length - first, already_there: first, to: copy })
  expect((await trace(['ls', copy, '--json'], { cwd })).out).toBe((await trace(['ls', table, '--json'], { cwd })).out)
  await trace(['export', 'last-error', ...HOSTS, '--to', 'otlp', '--out', 'error.json'], { cwd })
  await newTable('Import')
  const imported = await trace(['import', 'error.json', '--to', urlOf('Import'), '--json'], { cwd })
  expect(JSON.parse(imported.out)).toMatchObject({ spans: 7 })
  const running = trace(['tail', urlOf('Import'), '-n', '1'], { cwd })
  // It shows what comes after its first look at the table, and nothing says when that was.
  const span = storySpans().find(({ parentId }) => parentId === 0n)
  let isOver = false
  void running.finally(() => (isOver = true))
  for (let at = 0n; !isOver && span !== undefined; at++) {
    await record(urlOf('Import'), [{ ...span, spanId: at + 1n }])
    await sleep(200)
  }
  expect((await running).out).toContain('gateway  request  GET /checkout/:item')
})

test('view serves the traces of a table as those of files', async () => {
  const listed = async (stores: readonly string[]): Promise<number> => {
    const stop = new AbortController()
    let count: Promise<number> | undefined
    const onOut = (text: string): void => {
      const list = new URL('api/traces', text.trim())
      count = fetch(list)
        .then((answer) => answer.text())
        .then((text): number => JSON.parse(text).traces.length)
        .finally(() => stop.abort())
    }
    await trace(['view', ...stores, '--no-open'], { cwd, signal: stop.signal, onOut })
    return count ?? 0
  }
  expect(await listed([table])).toBe(await listed(HOSTS))
})
