import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from '@jest/globals'
import { runTrace } from '../../src/app.js'
import type { Context } from '../../src/terminal/context.js'

/** What a command printed, and ended with. */
export interface Printed {
  readonly code: Context['process']['exitCode']
  readonly out: string
  readonly err: string
}

/** What a test sets of the world. */
export interface World {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Columns of a terminal; a pipe without. */
  readonly columns?: number
  readonly signal?: AbortSignal
  readonly stdin?: AsyncIterable<Uint8Array>
  readonly now?: () => number
  /** Called with each text that is written to standard output. */
  readonly onOut?: (text: string) => void
  /** The same for standard error. */
  readonly onErr?: (text: string) => void
}

/** When tests run the command, in ms since the Unix epoch: half an hour after the story's traces. */
export const NOW = Date.UTC(2026, 0, 31, 10, 0)

/** Runs the command in this process. */
export async function trace(args: readonly string[], world: World = {}): Promise<Printed> {
  let [out, err] = ['', '']
  const terminal = world.columns === undefined ? {} : { isTTY: true, columns: world.columns }
  const context: Context = {
    process: {
      stdout: {
        ...terminal,
        write: (text) => {
          out += text
          world.onOut?.(text)
        },
      },
      stderr: {
        write: (text) => {
          err += text
          world.onErr?.(text)
        },
      },
      env: world.env ?? {},
    },
    cwd: world.cwd ?? process.cwd(),
    now: world.now ?? (() => NOW),
    signal: world.signal ?? new AbortController().signal,
    version: () => '0.0.0',
    ...(world.stdin === undefined ? {} : { stdin: world.stdin }),
  }
  await runTrace(args, context)
  return { code: context.process.exitCode, out, err }
}

/**
 * Compares a text with a golden file, which a person has read. `TRACE_TEST_UPDATE=1` writes it.
 *
 * @param name of the file, without its folder
 */
export function expectGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../golden/${name}`, import.meta.url))
  // It must be the same on each machine.
  expect(text).not.toContain(fileURLToPath(new URL('../../../..', import.meta.url)))
  if (process.env['TRACE_TEST_UPDATE'] === '1') writeFileSync(path, text)
  expect(text).toBe(readFileSync(path, 'utf8'))
}
