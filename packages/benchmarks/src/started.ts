import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Side } from './row.js'

/** A file of the folder `starts`, which imports what it is named after. */
export type StartName = 'bare' | 'trace' | 'opentelemetry'

function start(name: StartName, env: Readonly<Record<string, string>> = {}): void {
  const path = fileURLToPath(new URL(`starts/${name}.js`, import.meta.url))
  const { status } = spawnSync(process.execPath, [path], { stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) throw new Error(`starts/${name}.js ended with ${status}`)
}

const noProcess = async (): Promise<void> => {}

/** Milliseconds from the start of Node to its end. */
export function started(name: StartName): Side {
  return async () => {
    start(name)
    const sample = async (): Promise<{ value: number }> => {
      const before = performance.now()
      start(name)
      return { value: performance.now() - before }
    }
    return { sample, close: noProcess }
  }
}

/** How many files are loaded by it whose URL matches; Node itself says so, in what it writes of coverage. */
export function loaded(name: StartName, url: RegExp): Side {
  return async ({ folder }) => ({
    sample: async () => {
      const coverage = mkdtempSync(join(folder, 'coverage-'))
      start(name, { NODE_V8_COVERAGE: coverage })
      const urls = readdirSync(coverage).flatMap((file) => urlsIn(readFileSync(join(coverage, file), 'utf8')))
      if (!urls.some((each) => each.endsWith(`starts/${name}.js`))) throw new Error('Node did not say what it loaded')
      return { value: urls.filter((each) => url.test(each)).length }
    },
    close: noProcess,
  })
}

function urlsIn(coverage: string): string[] {
  const { result }: { result: { url: string }[] } = JSON.parse(coverage)
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
}
