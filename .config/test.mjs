// The test command: lints, then builds, type-checks and tests every package, and ends with one line that counts the
// tests of all of them.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const runsFolder = join(root, '.turbo', 'runs')

const lintPassed = run('biome', ['check', '.'])
forgetEarlierRuns()
const turboPassed = run('turbo', [
  'run',
  'build',
  'typecheck',
  'test',
  '--continue=dependencies-successful',
  '--summarize',
  '--output-logs=new-only',
  // Many tests wait for something most of the time, but more of them at once than this make each other late.
  `--concurrency=${availableParallelism() + 1}`,
])
const total = countTests()
if (!lintPassed) total.failed++
if (!turboPassed && total.failed === 0) total.failed++
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

function run(command, args) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' }
  return spawnSync(join(root, 'node_modules', '.bin', command), args, { cwd: root, stdio: 'inherit', env }).status === 0
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
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const { directory } of testTasks()) {
    const counts = read(join(root, directory, 'test-results', 'counts.json')) ?? { passed: 0, failed: 1, skipped: 0 }
    for (const key of Object.keys(total)) total[key] += counts[key]
  }
  return total
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
