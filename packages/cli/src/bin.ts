import { readFileSync } from 'node:fs'
import { runTrace } from './app.js'
import type { Context } from './terminal/context.js'

// A reader that has seen enough, such as `head`, closes the pipe.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 3))
}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

const { stdin, stdout, stderr, env } = process
const context: Context = {
  process: { stdout, stderr, env },
  stdin,
  cwd: process.cwd(),
  now: Date.now,
  version: () => JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
  signal: interrupted.signal,
}
await runTrace(process.argv.slice(2), context)
process.exitCode = context.process.exitCode ?? 0
