// The test command: lints, then builds, type-checks and tests every package, compares the public types with their reports, and
// ends with one line that counts the tests of all of them. `--on 24` runs the tests on the newest Node 24 too, and counts those as
// well; but not again those that run elsewhere, which each package names as `onOneNode`.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runTurbo } from './turbo.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const runsFolder = join(root, '.turbo', 'runs')
const started = Date.now()

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const nodes = othersAsked()
for (const tasks of [['build', 'types', 'check', 'api:check'], ['test']]) add(testHere(tasks))
for (const major of nodes) add(testOn(major))
// Once more at the end, where whoever looks for them finds them.
for (const failure of failures) console.log(`\nFAILED ${failure}`)
if (process.env.TRACE_TEST_RUNS !== 'all' && process.env.TRACE_TEST_LONG !== '1')
  console.log(
    'Not all random cases, tools and benchmark rows were tried: TRACE_TEST_RUNS=all npm test tries them, as CI does.',
  )
console.log(`${Math.round((Date.now() - started) / 1000)} s`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

function othersAsked() {
  try {
    const { on } = parseArgs({ options: { on: { type: 'string', multiple: true, default: [] } } }).values
    const wrong = on.find((major) => !/^\d+$/.test(major))
    if (wrong === undefined) return on
    console.error(`--on: expected a major version of Node, such as 24, got ${wrong}`)
  } catch (error) {
    console.error(`${error.message}\nusage: npm test -- [--on 24]`)
  }
  process.exit(2)
}

/** All is built before the first test: else a package whose tests take long begins with them last, and one processor waits for it. */
function testHere(tasks) {
  return runTasks(tasks, { TRACE_TEST_NODE: process.version })
}

/** What was built on this Node is tested on another, as it is by who installs the packages. */
function testOn(major) {
  let node
  try {
    const asked = ['exec', '--yes', '--package', `node@${major}`, '--call', 'node -p process.execPath']
    node = execFileSync('npm', asked, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
  } catch (error) {
    console.error(`Node ${major} cannot be had from the npm registry: ${error.message}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\nThe tests on Node ${version}:`)
  return runTasks(['test'], {
    TRACE_TEST_NODE: version,
    TRACE_TEST_AGAIN: '1',
    PATH: dirname(node) + delimiter + process.env.PATH,
    // By that Node, npm would not find its global settings, and a test there installs from the same registry.
    npm_config_registry: execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim(),
  })
}

function runTasks(tasks, env) {
  forgetEarlierRuns()
  const options = [
    '--continue=dependencies-successful',
    '--summarize',
    '--output-logs=new-only',
    // Many tests wait for something most of the time, but more of them at once than this make each other late.
    `--concurrency=${availableParallelism() + 1}`,
  ]
  const succeeded = runTurbo(['run', ...tasks, ...options], env)
  const counts = countTests()
  if (!succeeded && counts.failed === 0) counts.failed++
  return counts
}

function forgetEarlierRuns() {
  rmSync(runsFolder, { recursive: true, force: true })
  for (const group of ['packages', 'examples']) {
    for (const name of readdirSync(join(root, group))) {
      rmSync(join(root, group, name, 'test-results'), { recursive: true, force: true })
    }
  }
}

function countTests() {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const { directory } of testTasks()) {
    const counts = read(join(root, directory, 'test-results', 'counts.json')) ?? { passed: 0, failed: 1, skipped: 0 }
    for (const key of Object.keys(sum)) sum[key] += counts[key]
    for (const failure of counts.failures ?? ['no counts of its tests: see its output'])
      failures.push(`${directory}, ${failure}`)
  }
  return sum
}

function add(counts) {
  for (const key of Object.keys(total)) total[key] += counts[key]
}

function testTasks() {
  const runs = readIfThere(() => readdirSync(runsFolder)) ?? []
  return runs.flatMap((run) => read(join(runsFolder, run))?.tasks ?? []).filter(({ task }) => task === 'test')
}

function read(file) {
  return readIfThere(() => JSON.parse(readFileSync(file, 'utf8')))
}

function readIfThere(reading) {
  try {
    return reading()
  } catch {
    return undefined
  }
}
