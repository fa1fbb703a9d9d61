// Runs several commands in one process, on the terminal or the pipe that it has: node session-process.mjs '[["ls"],["doctor"]]' store…
// Between them it writes a line that no command does.
import { runTrace } from '../../dist/index.js'

const [commands = '[]', now = '0', ...stores] = process.argv.slice(2)
for (const args of JSON.parse(commands)) {
  await runTrace([...args, ...stores.flatMap((store) => ['--from', store])], {
    process: { stdout: process.stdout, stderr: { write() {} }, env: process.env },
    cwd: process.cwd(),
    now: () => Number(now),
    version: () => '0.0.0',
    signal: new AbortController().signal,
  })
  process.stdout.write('=====\n')
}
