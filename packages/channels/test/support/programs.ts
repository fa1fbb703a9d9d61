import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { transformSync } from '@swc/core'

/** A program of the README that needs a server. All others run in examples/consumer, which also checks the types of these. */
export interface Program {
  /** Which server, as the comment in front of it says: `<!-- NEEDS postgresql -->`. */
  readonly server: string
  readonly code: string
  /** What the README says that it prints. */
  readonly prints: string
  readonly at: number
}

const folder = fileURLToPath(new URL('../..', import.meta.url))
const NEEDY = /^<!-- NEEDS (\S+) -->\n+```ts\n([\s\S]*?)^```\n\n*```text\n([\s\S]*?)^```\n/gm

export const programs: readonly Program[] = [...readFileSync(`${folder}README.md`, 'utf8').matchAll(NEEDY)].map(
  ([, server = '', code = '', prints = ''], at) => ({ server, code, prints, at }),
)

/** Runs a program in this package, so that it finds what is installed here. @returns what it prints */
export async function run({ code }: Program, env: Readonly<Record<string, string>>): Promise<string> {
  const program = transformSync(code, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }).code
  const options = { cwd: folder, env: { ...process.env, ...env } }
  // Not by execFileSync, which would keep a server of this process from answering.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options)
  return stdout
}
