import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectPrinted, SERVICE_PRINTS, WAITS_PRINT } from '../programs.js'
import { type Printed, run } from '../run.js'
import { startServers } from '../servers.js'
import { commandOf, type Runtimes } from '../tools.js'
import { type Cell, cell } from './cell.js'

/** Where the cells run. */
export interface RuntimePlace {
  readonly project: string
  readonly folder: string
  readonly runtimes: Runtimes
}

/** How a program may end, and the status then; an error ends it with 1. */
const ENDS = { end: 0, exit: 0, throw: 1, reject: 1, 'throw later': 1 } as const

/** Bun, Deno, and Node as what they are compared with. */
export function otherRuntimes({ project, folder, runtimes }: RuntimePlace): Cell[] {
  const denoFolder = join(folder, 'deno-cache')
  mkdirSync(denoFolder, { recursive: true })
  const env = { DENO_DIR: denoFolder, DENO_NO_UPDATE_CHECK: '1', CALLS: 'node:http' }
  const runners = [
    ['Bun', runtimes.bun, ['run']],
    ['Deno', runtimes.deno, ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual']],
  ] as const
  return runners.flatMap(([group, command, first]) => {
    const running: Running = (program, args, more) =>
      run(command, [...first, program, ...args], { cwd: project, env: { ...env, ...more } })
    return [
      ...['mjs', 'cjs'].map((ending) => services(group, `.${ending}`, () => running(`service.${ending}`, [], {}))),
      ...waiting({ group, project, folder, running }),
      cell(group, 'how it ends', () => ending(join(folder, group), running)),
    ]
  })
}

type Running = (program: string, args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Printed>

/** The services, where a runtime's own `fetch` publishes nothing of what it sends: they call each other by `node:http`. */
function services(group: string, name: string, attempt: () => Promise<Printed>): Cell {
  return {
    group,
    name,
    run: async () => {
      expectPrinted((await attempt()).out, SERVICE_PRINTS)
      return 'calls by node:http'
    },
  }
}

interface Waiting {
  readonly group: string
  readonly project: string
  readonly folder: string
  readonly running: Running
}

/** What databases and caches publish there, with the packages installed, and bundled. */
function waiting({ group, project, folder, running }: Waiting): Cell[] {
  const attempt = async (program: string): Promise<void> => {
    const { redis, mariadb } = await startServers(join(folder, group))
    try {
      const ports = { REDIS: `${redis.port}`, MARIADB: `${mariadb.port}` }
      const env = { ...ports, TRACE_FILE: join(folder, group, `${program}.yaml`) }
      expectPrinted((await running(program, [], env)).out, WAITS_PRINT)
    } finally {
      await Promise.all([redis.stop(), mariadb.stop()])
    }
  }
  return [
    cell(group, 'channels', () => attempt('waits.mjs')),
    cell(group, 'channels, bundled', async () => {
      // CommonJS that is bundled asks for Node's own modules by `require`.
      const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
      const options = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${banner}`]
      // A native program, or a script that starts it.
      const esbuild = commandOf(project, 'esbuild')
      await run(esbuild, ['waits.mjs', ...options, '--outfile=waits-bundled.mjs'], { cwd: project })
      await attempt('waits-bundled.mjs')
    }),
  ]
}

/** Nothing that has finished is lost, however the program ends. */
async function ending(folder: string, running: Running): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const [how, status] of Object.entries(ENDS)) {
    const file = join(folder, `${how}.yaml`)
    const ended = await running('ends.mjs', [how], { TRACE_FILE: file }).then(
      () => 0,
      () => 1,
    )
    if (ended !== status) throw new Error(`${how}: expected the status ${status}`)
    if (!readFileSync(file, 'utf8').includes('name: finished')) throw new Error(`${how}: the span is lost`)
  }
}
