import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectTo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
