import { spawn } from 'node:child_process'
import { RecordError, type Recorder, type Span } from '@trace/core'

/** A span with the given fields; the others are small and plain. */
export function aSpan(fields: Partial<Span> = {}): Span {
  const start = fields.start ?? 1_767_225_600_123_456_789n
  return {
    spanId: 2n,
    traceId: 1n,
    parentId: 0n,
    process: 'users:4711@host-1',
    kind: 'request',
    name: 'GET /',
    start,
    finish: start + 5_000_000n,
    data: {},
    ...fields,
  }
}

/** Spans 1 to `count` of one trace; all but the first are its children. */
export function many(count: number, fields: Partial<Span> = {}): Span[] {
  return Array.from({ length: count }, (_, at) =>
    aSpan({ spanId: BigInt(at + 1), parentId: at === 0 ? 0n : 1n, ...fields }),
  )
}

export async function failureOf(recorder: Recorder, spans: readonly Span[]): Promise<RecordError> {
  try {
    await recorder.record(spans)
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
  throw new Error('it did not fail')
}

export const idsOf = (spans: readonly Span[]): number[] =>
  spans.map((span) => Number(span.spanId)).sort((a, b) => a - b)

/** How a program ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a program against the built package, with an environment of its own. */
export function runProgram(body: string, env: Record<string, string> = {}): Promise<Ended> {
  const { promise } = startProgram(body, env)
  return promise
}

/** Like {@link runProgram}, and gives the process. */
export function startProgram(
  body: string,
  env: Record<string, string> = {},
): { child: ReturnType<typeof spawn>; promise: Promise<Ended> } {
  const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)
  const core = JSON.stringify(import.meta.resolve('@trace/core'))
  const program = `import * as dynamorec from ${index}\nimport { createTracer, generateId } from ${core}\n${body}`
  return startNode(['--input-type=module', '-e', program], env)
}

/** Runs Node with an environment of its own, in which nothing says where AWS is. */
export function startNode(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ReturnType<typeof spawn>; promise: Promise<Ended> } {
  const bare = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }
  const child = spawn(process.execPath, ['--no-deprecation', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...bare, ...env },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (part) => {
    out += part
  })
  child.stderr.on('data', (part) => {
    err += part
  })
  const promise = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return { child, promise }
}

/** The environment of a program whose timers run so many times as fast, that a test need not wait for them. */
export function fastClock(factor: number): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${new URL('fast-clock.mjs', import.meta.url)}`,
    FAST_CLOCK: String(factor),
  }
}

/** Waits until a program has said so many lines; or has ended, which what it said then shows. */
export function linesFrom(child: ReturnType<typeof spawn>, count: number): Promise<void> {
  let left = count
  return new Promise((resolve) => {
    child.once('close', () => resolve())
    child.stdout?.on('data', (part: Buffer) => {
      left -= part.toString().split('\n').length - 1
      if (left <= 0) resolve()
    })
  })
}
