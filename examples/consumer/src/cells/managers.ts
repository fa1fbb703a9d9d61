import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { putPrograms } from '../programs.js'
import { run } from '../run.js'

const LIBRARIES = { express: '5', fastify: '5', '@types/node': '20', typescript: '~5.9.0' }

/** A project that has the packed packages among its dependencies, not yet installed. */
function newProject(folder: string, tarballs: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true })
  const ours = [...tarballs].map(([name, file]) => [name, `file:${file}`])
  const dependencies = { ...Object.fromEntries(ours), ...LIBRARIES }
  // Those of them that depend on each other are in no registry.
  const overrides = Object.fromEntries(ours)
  const manifest = { name: 'user', private: true, dependencies, resolutions: overrides, pnpm: { overrides } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  putPrograms(folder)
}

async function registry(cwd: string): Promise<string> {
  return (await run('npm', ['config', 'get', 'registry'], { cwd })).out.trim()
}

/** Installs by yarn with Plug'n'Play, where there is no `node_modules`. @returns runs a program there, by `node` */
export async function installByYarn(
  folder: string,
  yarn: string,
  tarballs: ReadonlyMap<string, string>,
): Promise<(args: readonly string[]) => Promise<string>> {
  newProject(folder, tarballs)
  const url = await registry(folder)
  const settings = [
    'nodeLinker: pnp',
    'enableTelemetry: false',
    'enableGlobalCache: false',
    `cacheFolder: ${join(folder, '.cache')}`,
    `npmRegistryServer: ${JSON.stringify(url)}`,
    `unsafeHttpWhitelist: [${JSON.stringify(new URL(url).hostname)}]`,
  ]
  writeFileSync(join(folder, '.yarnrc.yml'), `${settings.join('\n')}\n`)
  writeFileSync(join(folder, 'yarn.lock'), '')
  const env = { YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', CI: '' }
  await run(process.execPath, [yarn, 'install'], { cwd: folder, env, timeout: 600_000 })
  return async (args) => (await run(process.execPath, [yarn, 'node', ...args], { cwd: folder, env })).all
}

/** Installs by pnpm, where a package finds only what it names itself. @param pnpm a native program */
export async function installByPnpm(
  folder: string,
  pnpm: string,
  tarballs: ReadonlyMap<string, string>,
): Promise<void> {
  newProject(folder, tarballs)
  const { pnpm: settings } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), JSON.stringify({ overrides: settings.overrides }))
  const env = { npm_config_registry: await registry(folder) }
  const args = ['install', '--store-dir', join(folder, '.store'), '--ignore-scripts', '--no-frozen-lockfile']
  await run(pnpm, args, { cwd: folder, env, timeout: 600_000 })
}
