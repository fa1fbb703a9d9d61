import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { type Printed, trace } from './support/run.js'
import { storySpans } from './support/story.js'

// Traces that nobody means to write, through each command.
const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))
const START = 1_769_851_800_000_000_000n
const ID = 4711n
const write = (name: string, spans: readonly Span[]): void =>
  writeFileSync(join(cwd, name), spans.map(spanToJsonLine).join(''))
write(
  'story.jsonl',
  storySpans().filter(({ kind }) => kind !== 'ledger'),
)

/** A span `n` below another; in ms from the start. */
function odd(n: number, parent: number, [from, to]: readonly [number, number?] = [n, n + 5]): Span {
  return {
    traceId: ID,
    spanId: BigInt(n),
    parentId: BigInt(parent),
    process: `service-${n % 3}:7@host-${n % 3}`,
    kind: n % 2 === 0 ? 'client' : 'request',
    name: `name ${n}`,
    start: START + BigInt(Math.round(from * 1e6)),
    finish: to === undefined ? undefined : START + BigInt(Math.round(to * 1e6)),
    data: { 'url.path': `/${n}`, 'http.request.method': 'GET' },
  }
}

const COMMANDS: readonly (readonly string[])[] = [
  ['ls'],
  ['show', String(ID), '--data', '--no-fold'],
  ['show', String(ID), '--correct-clocks', '--budget', '1k'],
  ['show', String(ID), '--json'],
  ['stats'],
  ['stats', '--graph'],
  ['diff', 'story.jsonl'],
  ...['otlp', 'zipkin', 'jaeger', 'chrome', 'jsonl', 'yaml', 'html'].map((format) => ['export', '--to', format]),
  ['doctor'],
]

/** What went wrong where a command neither found something nor said what there is to do. */
function faultOf({ code, out, err }: Printed, args: readonly string[]): string | undefined {
  // A graph needs calls between services that have ended.
  const isDone = (code ?? 0) === 0 || (code === 1 && (args[0] === 'doctor' || err.includes('no service calls another')))
  if (isDone && (out !== '' || err !== '')) return undefined
  return `${args.join(' ')}: exit code ${code}, ${out.length} characters, ${err}`
}

test.each<[string, Span[]]>([
  ['without a root', [odd(1, 99), odd(2, 1), odd(3, 98)]],
  ['with two roots', [odd(1, 0), odd(2, 0), odd(3, 1)]],
  ['in a circle, and in one with itself', [odd(1, 3), odd(2, 1), odd(3, 2), odd(4, 2), odd(5, 5)]],
  ['with a circle beside a root', [odd(1, 0), odd(2, 3), odd(3, 2)]],
  ['with ids twice, open and finished', [odd(1, 0), odd(2, 1, [2]), odd(2, 1), odd(2, 0), odd(1, 0, [0])]],
  ['with negative durations', [odd(1, 0, [50, 20]), odd(2, 1, [40, -10]), odd(3, 2, [30, 30])]],
  ['with children that outlive their parents', [odd(1, 0, [0, 5]), odd(2, 1, [4, 60]), odd(3, 2, [90, 95])]],
  ['with open spans only', [odd(1, 0, [0]), odd(2, 1, [5])]],
  ['of one moment', [odd(1, 0, [0, 0]), odd(2, 1, [0, 0])]],
  ['of a thousand years', [odd(1, 0, [0, 3e13]), odd(2, 1, [-1.7e12, 5])]],
])('a trace %s goes through each command, with all its spans', async (_what, spans) => {
  write('odd.jsonl', spans)
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const faults: (string | undefined)[] = []
  for (const args of COMMANDS) {
    const printed = await trace([...args, 'odd.jsonl'], { cwd })
    faults.push(faultOf(printed, args))
    if (args.includes('--no-fold')) {
      for (const id of ids) expect(printed.out).toContain(`name ${id}`)
    }
    if (args.includes('--json')) expect(printed.out.trim().split('\n')).toHaveLength(ids.size)
    if (args.includes('otlp')) expect(printed.out.match(/"spanId"/g)).toHaveLength(ids.size)
  }
  expect(faults.filter((fault) => fault !== undefined)).toEqual([])
})

const wide = (count: number): Span[] => [
  odd(1, 0, [0, count]),
  ...Array.from({ length: count - 1 }, (_, at) => odd(at + 2, 1)),
]
const deep = (count: number): Span[] => Array.from({ length: count }, (_, at) => odd(at + 1, at, [at, 2 * count - at]))
const circle = (count: number): Span[] =>
  deep(count).map((span, at) => (at === 0 ? { ...span, parentId: BigInt(count) } : span))

/**
 * What `trace show` prints in a process with a stack of 180 KB, less than a fifth of Node's own: so many spans less need more than there is,
 * where each takes a part of the stack. As arguments of one call, that is 8 bytes each.
 */
function shownOnSmallStack(spans: readonly Span[], ...options: string[]): string {
  write('large.jsonl', spans)
  const args = ['--stack-size=180', bin, 'show', String(ID), 'large.jsonl', ...options]
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

test('25,000 spans in one parent are shown', () => {
  expect(shownOnSmallStack(wide(25_001), '--no-fold').match(/name \d+ /g)).toHaveLength(25_001)
})

test('2,000 spans, each in the one before, are shown', () => {
  expect(shownOnSmallStack(deep(2_000))).toContain('└─ (1999) service')
})

const SMALL = 400
/** How many times as many spans: what takes quadratic time takes the square of it as long, what takes linear time as long as it. */
const FACTOR = 8
const MOST = 2.5 * FACTOR

/** The processor time of this process, in µs, that a command takes with the spans of a file. */
async function timeOf(args: readonly string[], file: string): Promise<number> {
  const before = process.cpuUsage()
  const printed = await trace([...args, file], { cwd })
  const { user, system } = process.cpuUsage(before)
  expect(faultOf(printed, args)).toBeUndefined()
  return user + system
}

const EXPORTS = ['otlp', 'zipkin', 'jaeger', 'chrome'].map((format) => ['export', '--to', format])

test.each<[string, (count: number) => Span[], typeof COMMANDS]>([
  ['one parent', wide, [['ls'], ['show', String(ID), '--budget', '2k'], ['stats', '--graph'], ...EXPORTS.slice(-1)]],
  ['a line', deep, [['show', String(ID), '--data'], ['stats'], ['diff', 'story.jsonl'], ['doctor'], ...EXPORTS]],
  ['a circle', circle, [['show', String(ID)]]],
])('spans in %s take linear time', async (_what, make, commands) => {
  write('few.jsonl', make(SMALL))
  write('many.jsonl', make(FACTOR * SMALL))
  for (const args of commands) {
    // What else the process does, such as collecting garbage, may take time once, but not always.
    const ratios: number[] = []
    while (!ratios.some((ratio) => ratio < MOST) && ratios.length < 4) {
      const few = await timeOf(args, 'few.jsonl')
      ratios.push((await timeOf(args, 'many.jsonl')) / few)
    }
    expect([args.join(' '), Math.min(...ratios) < MOST]).toEqual([args.join(' '), true])
  }
})
