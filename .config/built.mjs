// Builds the package in the current folder and those that it needs, unless turbo, which has done so, runs this.
import { readFileSync } from 'node:fs'
import { runTurbo } from './turbo.mjs'

if (process.env.TURBO_HASH === undefined) {
  const { name } = JSON.parse(readFileSync('package.json', 'utf8'))
  const quiet = ['--output-logs=errors-only', '--log-prefix=none']
  if (!runTurbo(['run', 'build', `--filter=${name}...`, ...quiet])) process.exit(1)
}
