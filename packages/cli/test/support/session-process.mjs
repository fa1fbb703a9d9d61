// Runs several commands in one process, on the terminal or the pipe that it has, once in each of so many columns where they are
// given: node session-process.mjs '[["ls"],["doctor"]]' '[60,100]' 1769853600000 store…
// Behind each it writes a line that no command does, with what the command wrote to standard error.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { runTrace } from '../../dist/index.js'

const [commands = '[]', widths = '[]', now = '0', ...stores] = process.argv.slice(2)
for (const columns of JSON.parse(widths)) {
  await resize(columns)
  await session()
}
if (!process.stdout.isTTY) await session()

/** Makes the terminal so wide, as who drags its window does. */
async function resize(columns) {
  if (process.stdout.columns === columns) return
  const resized = once(process.stdout, 'resize')
  // Waiting for a signal alone does not keep a process running.
  const running = setInterval(() => {}, 1_000)
  spawnSync('stty', ['cols', String(columns)], { stdio: 'inherit' })
  await resized
  clearInterval(running)
}

async function session() {
  for (const args of JSON.parse(commands)) {
    let err = ''
    await runTrace([...args, ...stores.flatMap((store) => ['--from', store])], {
      process: {
        stdout: process.stdout,
        stderr: {
          write(text) {
            err += text
          },
        },
        env: process.env,
      },
      cwd: process.cwd(),
      now: () => Number(now),
      version: () => '0.0.0',
      signal: new AbortController().signal,
    })
    process.stdout.write(`=====${JSON.stringify(err)}\n`)
  }
}
