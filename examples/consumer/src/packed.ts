import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.js'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))

/** What a package exports under one path. */
export interface Conditions {
  readonly import: { readonly types: string; readonly default: string }
  readonly 'module-sync': string
  readonly require: { readonly types: string; readonly default: string }
}

/** A package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly main: string
  readonly exports: Readonly<Record<string, string | Conditions>>
}

/** A package that is published. */
export interface Published {
  readonly folder: string
  readonly manifest: Manifest
}

/** All packages that are published. */
export function publishedPackages(): Published[] {
  return readdirSync(packages)
    .map((name) => join(packages, name))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest }))
    .filter(({ manifest }) => manifest.private !== true)
}

/** What can be imported of a package, such as `@trace/core/open`. */
export function entriesOf({ name, exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1))
}

/** Packs all of them, as they are published. @returns the tarball of each, by its name */
export async function pack(into: string): Promise<ReadonlyMap<string, string>> {
  mkdirSync(into, { recursive: true })
  const folders = publishedPackages().map(({ folder }) => folder)
  await run('npm', ['pack', ...folders, '--pack-destination', into, '--silent', '--ignore-scripts'], { cwd: into })
  return tarballsIn(into)
}

/** The tarball of each package, by its name, in a folder into which they were packed. */
export function tarballsIn(into: string): ReadonlyMap<string, string> {
  return new Map(
    publishedPackages().map(({ manifest: { name, version } }) => {
      const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
      return [name, join(into, file)]
    }),
  )
}

/** Puts them into a project's `node_modules`, as an installation does; what they depend on must be found above it. */
export async function unpack(tarballs: ReadonlyMap<string, string>, project: string): Promise<void> {
  await Promise.all(
    [...tarballs].map(async ([name, tarball]) => {
      const folder = join(project, 'node_modules', name)
      mkdirSync(folder, { recursive: true })
      await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder], { cwd: project })
    }),
  )
}
