import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { run } from './run.js'

/** The versions of Node that are tried; 22.11 is the last whose `require()` gives no ES modules. */
export const NODES = ['20.19.0', '22.11.0', '22', '24', '26'] as const
export const TYPESCRIPTS = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'] as const

const platform = `${process.platform}-${process.arch}`

/** What a user's project has beside our packages. */
const LIBRARIES = [
  'express@5',
  'fastify@5',
  'ioredis@6',
  'mysql2@3',
  '@opentelemetry/api@1',
  '@types/express@5',
  '@types/node@20',
  '@types/jest@30',
]
/** What is tried with it. */
const TOOLS = [
  'jest@30',
  'babel-jest@30',
  'ts-jest@29',
  '@swc/jest',
  '@swc/core',
  'typescript@5.9',
  'vitest',
  'tsx',
  'esbuild',
  'rollup',
  '@rollup/plugin-node-resolve',
  '@rollup/plugin-commonjs',
  'webpack',
  '@vercel/ncc',
]

/** A folder with a package.json, into which packages are installed by npm. */
async function project(folder: string, packages: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], {
    cwd: folder,
    timeout: 600_000,
  })
  return folder
}

/** A user's project, with the packed packages and the tools. */
export function installProject(folder: string, tarballs: ReadonlyMap<string, string>): Promise<string> {
  return project(folder, [...tarballs.values(), ...LIBRARIES, ...TOOLS])
}

/** What runs programs: apart from the project, whose `node_modules` is to have nothing but a user's. */
export async function installRuntimes(folder: string): Promise<Runtimes> {
  const nodes = NODES.map((version) => `node-${version}@npm:node-${platform}@${version}`)
  const compilers = TYPESCRIPTS.map((version) => `typescript-${version}@npm:typescript@~${version}.0`)
  const others = [`@oven/bun-${platform}`, 'deno', '@yarnpkg/cli-dist', 'pnpm']
  await project(folder, [...nodes, ...compilers, ...others])
  const inModules = (...path: string[]): string => join(folder, 'node_modules', ...path)
  return {
    node: (version) => inModules(`node-${version}`, 'bin', 'node'),
    typescript: (version) => inModules(`typescript-${version}`, 'bin', 'tsc'),
    bun: inModules('@oven', `bun-${platform}`, 'bin', 'bun'),
    deno: inModules('.bin', 'deno'),
    yarn: inModules('@yarnpkg', 'cli-dist', 'bin', 'yarn.js'),
    pnpm: binOf(inModules('pnpm', 'package.json'), 'pnpm'),
  }
}

/** Where they are. */
export interface Runtimes {
  node(version: (typeof NODES)[number]): string
  typescript(version: (typeof TYPESCRIPTS)[number]): string
  readonly bun: string
  readonly deno: string
  readonly yarn: string
  readonly pnpm: string
}

/** The file of a package's command, in a project that has it installed. */
export function commandOf(folder: string, name: string, command: string = name): string {
  return binOf(createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`), command)
}

function binOf(manifest: string, command: string): string {
  const { bin } = createRequire(manifest)(manifest) as { bin: string | Readonly<Record<string, string>> }
  return join(dirname(manifest), typeof bin === 'string' ? bin : (bin[command] ?? command))
}
