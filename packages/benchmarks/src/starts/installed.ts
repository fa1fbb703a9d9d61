import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Side } from '../harness/row.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
}

/** Whether a package is one of this repository's, of which only a part is published. */
function isOurs(name: string): boolean {
  return name.startsWith('@trace/')
}

/** What installing packages takes, with their dependencies and without their peers, which a program has anyway. */
export function installed(packages: readonly string[], what: 'megabytes' | 'packages'): Side {
  return async () => {
    const folders = new Set<string>()
    for (const name of packages) addFolders(name, HERE, folders)
    const sizes = [...folders].map(publishedSize)
    const value = what === 'packages' ? sizes.length : sizes.reduce((sum, size) => sum + size, 0) / 1e6
    return { sample: async () => ({ value }), close: async () => {} }
  }
}

function addFolders(name: string, from: string, folders: Set<string>): void {
  const folder = folderOf(name, from)
  if (folders.has(folder)) return
  folders.add(folder)
  for (const dependency of Object.keys(manifestOf(folder).dependencies ?? {})) addFolders(dependency, folder, folders)
}

/** Resolves a package as Node does. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    if (existsSync(join(folder, 'package.json'))) return folder
    if (at === dirname(at)) throw new Error(`${name} is not installed`)
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** npm adds the last three to every package. */
function publishedSize(folder: string): number {
  if (!isOurs(folder.slice(folder.lastIndexOf('@')))) return sizeOf(folder)
  const parts = [...(manifestOf(folder).files ?? []), 'package.json', 'README.md', 'LICENSE']
  return parts.map((part) => join(folder, part)).reduce((sum, part) => sum + (existsSync(part) ? sizeOf(part) : 0), 0)
}

/** In bytes, without nested `node_modules`, whose packages are counted themselves. */
function sizeOf(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.size
  let sum = 0
  for (const entry of readdirSync(path)) if (entry !== 'node_modules') sum += sizeOf(join(path, entry))
  return sum
}
