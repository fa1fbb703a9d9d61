// Checks the types of all packages and examples and of their tests, in one process: what they share, such as the declarations of Node, is
// read once. Those that they need must be built.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const projects = ['packages', 'examples']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name, 'tsconfig.test.json')))
  .filter((file) => existsSync(file))

// `--force`, since the compiler would take a project for checked whose own files are as they were, while the declarations of another
// package have changed.
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['--build', '--force', ...projects], {
  stdio: 'inherit',
})
for (const file of projects) rmSync(file.replace(/\.json$/, '.tsbuildinfo'), { force: true })
process.exitCode = status ?? 1
