import { readFileSync, writeSync } from 'node:fs'
import { runTrace } from './app.js'
import { type Context, EXIT, messageOf } from './terminal/context.js'

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as `head`, closes the pipe.
    if (error.code === 'EPIPE') process.exit()
    if (stream === process.stdout) sayAtOnce(`trace: cannot write the output: ${messageOf(error)}\n`)
    process.exit(EXIT.unreadable)
  })
}

function sayAtOnce(text: string): void {
  try {
    writeSync(process.stderr.fd, text)
  } catch {}
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
