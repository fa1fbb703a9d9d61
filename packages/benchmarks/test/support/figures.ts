import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The names of the figures that a script of `src/browser` prints for so many spans; rejects where one is no number. */
export async function figuresOf(script: 'main' | 'list', spans: number): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../dist/browser/${script}.js`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [path, String(spans)])
  return [...stdout.matchAll(/^ {2}(\S.*?) {2,}(\S+)/gm)].map(([line, name = '', value]) => {
    if (!Number.isFinite(Number(value))) throw new Error(`no figure: ${line}`)
    return name
  })
}
