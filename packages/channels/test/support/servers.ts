import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const importByNode: (url: string) => Promise<{ freePort(): Promise<number> }> = Reflect.get(globalThis, 'importByNode')
const { freePort } = await importByNode(
  new URL('../../../dynamorec/test/support/engine-process.mjs', import.meta.url).href,
)

/** A server that the tests have started. */
export interface Server {
  readonly port: number
  stop(): Promise<void>
}

const COMMANDS = {
  'redis-server': (folder: string, port: number) => [
    ...['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'no'],
  ],
  // Without tables of its own: it needs no installation, and lets everybody in.
  mariadbd: (folder: string, port: number) => [
    ...[
      '--no-defaults',
      `--datadir=${folder}`,
      `--port=${port}`,
      `--socket=${join(folder, 's')}`,
      '--bind-address=127.0.0.1',
    ],
    ...['--skip-grant-tables', '--innodb-buffer-pool-size=8M', '--innodb-log-file-size=4M'],
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ],
} as const

/** Whether a server is installed: Debian has them as redis-server and mariadb-server-core. */
export function isInstalled(name: keyof typeof COMMANDS): boolean {
  return spawnSync(name, ['--version']).status === 0
}

/** Starts a server on a free port, with a folder of its own, and waits until it takes connections. */
export async function startServer(name: keyof typeof COMMANDS): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  const port = await freePort()
  const child = spawn(name, COMMANDS[name](folder, port), { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  for (let tries = 0; !(await takesConnections(port)); tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`${name} did not start:\n${said}`)
    await sleep(50)
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, stop }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Where Debian installs PostgreSQL, in a folder for each version. */
const POSTGRESQL = '/usr/lib/postgresql'

/** The folder of the newest PostgreSQL's commands; undefined if none is installed, or only its clients are. */
function postgresqlFolder(): string | undefined {
  if (!existsSync(POSTGRESQL)) return undefined
  const folders = readdirSync(POSTGRESQL).map((version) => join(POSTGRESQL, version, 'bin'))
  const complete = folders.filter((bin) =>
    ['initdb', 'pg_ctl', 'postgres'].every((name) => existsSync(join(bin, name))),
  )
  return complete.sort(
    (a, b) => Number.parseInt(b.slice(POSTGRESQL.length + 1), 10) - Number.parseInt(a.slice(POSTGRESQL.length + 1), 10),
  )[0]
}

/** Whether a PostgreSQL server is installed: Debian has it as postgresql. */
export function hasPostgresql(): boolean {
  return postgresqlFolder() !== undefined
}

/** Starts a PostgreSQL server on a free port, where everybody is `postgres` by any password, and nothing is kept. */
export async function startPostgresql(): Promise<Server> {
  const bin = postgresqlFolder() ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'postgresql-'))
  const user = postgresUser(folder)
  const run = (command: string, ...args: string[]): void => {
    // Whoever waits for the end of a stream would wait for the server, too.
    const options = { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] as 'ignore'[], ...user }
    const { status, error } = spawnSync(command, args, options)
    if (status !== 0) throw error ?? new Error(`${command} failed with ${status}`)
  }
  const data = join(folder, 'data')
  // Made once in a run of the tests, which share their temporary folder: a copy takes a tenth of the time.
  const made = join(tmpdir(), 'postgresql-made')
  if (existsSync(made)) run('cp', '-a', made, data)
  else {
    const how = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--wal-segsize=1', '--no-sync']
    run(join(bin, 'initdb'), '-D', data, ...how)
    const copy = join(folder, 'copy')
    run('cp', '-a', data, copy)
    share(copy, made)
  }
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, "unix_socket_directories=''", 'fsync=off']
  const options = settings.map((setting) => `-c ${setting}`).join(' ')
  run(join(bin, 'pg_ctl'), 'start', '-w', '-t', '300', '-D', data, '-l', join(folder, 'log'), '-o', options)
  const stop = async (): Promise<void> => {
    run(join(bin, 'pg_ctl'), 'stop', '-w', '-t', '300', '-m', 'immediate', '-D', data)
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, stop }
}

/** Another file's test may have been first: then its copy stays, and this goes with its folder. */
function share(copy: string, made: string): void {
  try {
    renameSync(copy, made)
  } catch (error) {
    if (!existsSync(made)) throw error
  }
}

/** PostgreSQL does not run as root: then it runs as the user that its package makes, who gets the folder and a way to it. */
function postgresUser(folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (option: string): number => Number(spawnSync('id', [option, 'postgres'], { encoding: 'utf8' }).stdout)
  const [uid, gid] = [idOf('-u'), idOf('-g')]
  chownSync(folder, uid, gid)
  chmodSync(tmpdir(), statSync(tmpdir()).mode | 0o011)
  return { uid, gid }
}
