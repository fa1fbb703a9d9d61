import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that was started. */
export interface Server {
  readonly port: number
  stop(): Promise<void>
}

/** Starts the servers that `waits.mjs` uses: Debian has them as redis-server and mariadb-server-core. @throws where one is missing */
export async function startServers(folder: string): Promise<{ readonly redis: Server; readonly mariadb: Server }> {
  const data = join(folder, 'mariadb')
  mkdirSync(data, { recursive: true })
  const redis = await start('redis-server', (port) => ['--bind', '127.0.0.1', '--port', `${port}`, '--save', ''])
  const mariadb = await start('mariadbd', (port) => [
    ...['--no-defaults', `--datadir=${data}`, `--port=${port}`, `--socket=${join(data, 's')}`],
    ...['--bind-address=127.0.0.1', '--skip-grant-tables', '--innodb-buffer-pool-size=8M', '--innodb-log-file-size=4M'],
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ]).catch(async (error: unknown) => {
    await redis.stop()
    throw error
  })
  return { redis, mariadb }
}

async function start(command: string, argsOf: (port: number) => readonly string[]): Promise<Server> {
  const port = await freePort()
  const child = spawn(command, argsOf(port), { stdio: 'ignore' })
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? code}`))
  })
  const isUp = async (): Promise<undefined> => {
    while (!(await takesConnections(port))) await sleep(50)
    return undefined
  }
  const problem = await Promise.race([ended, isUp()])
  if (problem !== undefined) throw new Error(`${command} cannot be started: ${problem}`)
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return { port, stop }
}

/** A free port below those that a system gives to whoever asks for any (from 32,768 on): one of those may be taken before it is used. */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(10_000, 30_000)
    try {
      await listenOnce(port)
      return port
    } catch (error) {
      if (tries === 100) throw error
    }
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
