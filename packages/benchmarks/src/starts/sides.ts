import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Side } from '../harness/row.js'

/** A file of this folder, which imports what it is named after. */
export type StartName = 'bare' | 'trace' | 'opentelemetry'

function start(name: StartName, env: Readonly<Record<string, string>> = {}): void {
  const path = fileURLToPath(new URL(`${name}.js`, import.meta.url))
  const { status } = spawnSync(process.execPath, [path], { stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) throw new Error(`starts/${name}.js ended with code ${status}`)
}

/** Every sample ends its own process. */
const nothingToClose = async (): Promise<void> => {}

/** Milliseconds from the start of Node to its end. */
export function startTime(name: StartName): Side {
  return async ({ quick }) => {
    // Brings its files into the cache of the file system.
    if (!quick) start(name)
    const sample = async (): Promise<{ value: number }> => {
      const before = performance.now()
      start(name)
      return { value: performance.now() - before }
    }
    return { sample, close: nothingToClose }
  }
}

/** How many files it loads whose URLs match. Node lists all files in the coverage that it writes. */
export function filesLoaded(name: StartName, url: RegExp): Side {
  return async ({ folder }) => ({
    sample: async () => {
      const coverage = mkdtempSync(join(folder, 'coverage-'))
      start(name, { NODE_V8_COVERAGE: coverage })
      const urls = readdirSync(coverage).flatMap((file) => urlsIn(readFileSync(join(coverage, file), 'utf8')))
      if (!urls.some((each) => each.endsWith(`starts/${name}.js`)))
        throw new Error(`the coverage does not list starts/${name}.js`)
      return { value: urls.filter((each) => url.test(each)).length }
    },
    close: nothingToClose,
  })
}

function urlsIn(coverage: string): string[] {
  const { result }: { result: { url: string }[] } = JSON.parse(coverage)
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
}
