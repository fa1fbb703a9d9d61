// Runs changesets, with its arguments. Each package takes the core that it is released with, and no other minor version (`^0.2.0`), for
// below 1.0.0 a minor version may break it. changesets would make a package `major`, 1.0.0, whose range of a peer moves. So the ranges
// are open while it runs, and are set to the version of core afterwards.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const changesets = createRequire(join(root, 'package.json')).resolve('@changesets/cli/bin.js')

setRanges('>=0.0.0')
try {
  const { status } = spawnSync(process.execPath, [changesets, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} finally {
  const { version } = JSON.parse(readFileSync(join(root, 'packages', 'core', 'package.json'), 'utf8'))
  setRanges(`^${version}`)
}

function setRanges(range) {
  for (const name of readdirSync(join(root, 'packages'))) {
    const path = join(root, 'packages', name, 'package.json')
    const text = readFileSync(path, 'utf8')
    const inRange = (peers) => peers.replace(/("@trace\/[\w-]+": )"[^"]*"/g, `$1"${range}"`)
    writeFileSync(path, text.replace(/"peerDependencies": \{[^}]*\}/, inRange))
  }
}
