// Runs turbo, with the arguments given, where it can run; elsewhere says in one line what to do.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const QUIET = { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }
/** The compiler, which is a Go program, spends a third of its time on collecting garbage otherwise; it needs no more memory in all. */
const LESS_COLLECTING = { GOGC: '400' }

/**
 * @param env what is set besides the environment of this process
 * @returns whether it succeeded
 */
export function runTurbo(args, env = {}) {
  const problem = problemHere()
  if (problem !== undefined) {
    console.error(problem)
    return false
  }
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'turbo'), args, {
    cwd: root,
    stdio: 'inherit',
    env: Object.assign({}, LESS_COLLECTING, process.env, QUIET, env),
  })
  return status === 0
}

function problemHere() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const least = engines.node.replace('>=', '')
  if (isOlder(process.versions.node, least)) {
    return `trace needs Node.js ${least} or later, and this is ${process.versions.node}: install a newer one from https://nodejs.org`
  }
  if (!existsSync(join(root, 'node_modules', '.bin', 'turbo'))) {
    return `nothing is installed in ${root}: run npm install there first`
  }
  const folder = foldersWritten().find((each) => !isWritable(each))
  if (folder === undefined) return undefined
  return `${folder} cannot be written, and the build writes there: clone the repository into a folder of your own`
}

/** Up to the minor version, which is as far as the engines go. */
function isOlder(version, least) {
  const [major, minor] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = least.split('.').map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

function foldersWritten() {
  const groups = ['packages', 'examples'].map((group) => join(root, group)).filter((group) => existsSync(group))
  return [root].concat(groups.flatMap((group) => readdirSync(group).map((name) => join(group, name))))
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = runTurbo(process.argv.slice(2)) ? 0 : 1
