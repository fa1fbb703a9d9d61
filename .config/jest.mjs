// Runs jest for the package in the current folder, with the options that every package shares.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import './built.mjs'

// What tests and the processes that they start leave behind goes with it.
const temporary = mkdtempSync(join(tmpdir(), 'trace-test-'))

const config = {
  rootDir: process.cwd(),
  cacheDirectory: fileURLToPath(new URL('../node_modules/.cache/jest', import.meta.url)),
  testEnvironment: fileURLToPath(new URL('environment.mjs', import.meta.url)),
  verbose: false,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '\\.ts$': [
      createRequire(import.meta.url).resolve('@swc/jest'),
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  coverageProvider: 'babel',
  // Far beyond what any test takes, since the machine may be busy with other packages' tests.
  testTimeout: 120_000,
  reporters: ['default', fileURLToPath(new URL('counts-reporter.mjs', import.meta.url))],
}
// What all test files of a package share, such as the process of a database.
for (const [option, file] of [
  ['globalSetup', 'global-setup.mjs'],
  ['globalTeardown', 'global-teardown.mjs'],
]) {
  const path = join(config.rootDir, 'test', 'support', file)
  if (existsSync(path)) config[option] = path
}
// What a package has of its own, such as more workers than its tests keep busy; and the tests that do not run on the Node under
// test, such as those of a page in a browser: where the tests run again on another Node, those do not.
const { onOneNode = [], ...own } = JSON.parse(readFileSync('package.json', 'utf8')).jest ?? {}
Object.assign(config, own)
if (process.env.TRACE_TEST_AGAIN === '1' && onOneNode.length > 0) {
  console.log(`Not run again, since no other Node changes what they test: ${onOneNode.join(', ')}`)
  config.testPathIgnorePatterns = onOneNode.map((path) => `<rootDir>/${path}`)
}
// Most of what tests run does not run for long: to optimize it as early as a server's code takes a tenth of the processor's time. From
// Node 22 on there is no such option.
const laterOptimizing = Number.parseInt(process.versions.node, 10) < 22 ? ['--interrupt-budget=600000'] : []
// Debian's Chromium without windows and what belongs to them, which takes a third less of the processor's time.
const shell = '/usr/bin/chromium-headless-shell'
const lighterBrowser = existsSync(shell) ? { CHROMIUM: shell } : {}
const require = createRequire(import.meta.url)
const args = process.argv.slice(2)
const isForNode = (arg) => arg.startsWith('--inspect')

const run = spawn(
  process.execPath,
  [
    ...args.filter(isForNode),
    // Other packages' tests keep the other processors busy: threads that collect garbage side by side take more of them in all.
    '--single-threaded-gc',
    ...laterOptimizing,
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    require.resolve('jest/bin/jest'),
    '--config',
    JSON.stringify(config),
    ...args.filter((arg) => !isForNode(arg)),
  ],
  { stdio: 'inherit', env: { ...lighterBrowser, ...process.env, TMPDIR: temporary } },
)
// Whoever ends this run early, by Ctrl-C or a time limit, ends jest, and then nothing is left behind either.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => run.kill(signal))
const [status] = await once(run, 'exit')
rmSync(temporary, { recursive: true, force: true, maxRetries: 5 })
process.exit(status ?? 1)
