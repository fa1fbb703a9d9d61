import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The script of `npm start`. */
export const start: string = fileURLToPath(new URL('../../start.mjs', import.meta.url))
export const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'trace-fanout-')), 'traces.yaml')

/** A run of the example. */
export interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
  /** Resolves once the program has printed this. */
  printed(text: string): Promise<string>
}

export function run(args: readonly string[], script = start, env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, NODE_OPTIONS: '', ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  const printed = async (text: string): Promise<string> => {
    while (!stdout.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without printing "${text}":\n${stdout}${stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return stdout
  }
  return { child, ended, printed }
}
