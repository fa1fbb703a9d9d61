import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A child process that answers questions, one at a time. */
export interface Child {
  /** Rejects if the child ends before it answers, or if its answer holds anything but numbers. */
  ask(question: object): Promise<Record<string, number>>
  /** Resolves once the child has ended. */
  close(): Promise<void>
  /** Keeps all its threads on one core from now on, where {@link canPin}. */
  pin(core: number): void
}

/** Whether processes can be kept on one of the first two cores here: by `taskset` of util-linux. */
export function canPin(): boolean {
  return [0, 1].every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0)
}

/** @param flags command line options for Node */
export function startChild(script: URL, args: readonly string[], flags: readonly string[] = []): Child {
  const path = fileURLToPath(script)
  const child = fork(path, [...args], { execArgv: [...flags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const label = [basename(path), ...args].join(' ')
  return {
    ask: (question) => ask(child, question, label),
    close: () => stop(child),
    pin: (core) => void execFileSync('taskset', ['-a', '-c', '-p', String(core), String(child.pid)], { stdio: 'pipe' }),
  }
}

async function ask(child: ChildProcess, question: object, label: string): Promise<Record<string, number>> {
  const answer = await new Promise<unknown>((resolve, reject) => {
    const onAnswer = (message: unknown): void => {
      child.off('exit', onExit)
      resolve(message)
    }
    const onExit = (): void => {
      child.off('message', onAnswer)
      reject(new Error(`${label} ended with ${child.signalCode ?? `code ${child.exitCode}`} before it answered`))
    }
    child.once('message', onAnswer)
    child.once('exit', onExit)
    if (hasEnded(child)) onExit()
    else child.send(question)
  })
  return numbersOf(answer, label)
}

function numbersOf(answer: unknown, label: string): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const [key, value] of Object.entries(answer ?? {})) {
    if (typeof value !== 'number') throw new Error(`${label} answered ${key} with ${typeof value}, not with a number`)
    numbers[key] = value
  }
  return numbers
}

function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.disconnect()
  })
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/**
 * For the script of a child: answers every question of the parent, and ends the process once the parent has gone. The
 * question `collect` is answered here, see `collectGarbage`.
 */
export function answerQuestions(answer: (question: Record<string, unknown>) => Promise<Record<string, number>>): void {
  process.on('message', (question: Record<string, unknown>) => {
    const answered = 'collect' in question ? collectGarbage() : answer(question)
    answered.then(
      (numbers) => process.send?.(numbers ?? {}),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.on('disconnect', () => process.exit(0))
}

/** V8 forgets an object's shape after two collections that find no such object (its flag `--retain-maps-for-n-gc`). */
const COLLECTIONS = 3

/**
 * Collects all garbage while the process is idle, which happens sooner or later to every process that runs for hours.
 * Afterwards `process.nextTick`, which every request calls several times, can take up to ten times as long.
 */
function collectGarbage(): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      const { gc } = globalThis
      if (gc === undefined) return reject(new Error('collecting garbage takes the option --expose-gc'))
      for (let done = 0; done < COLLECTIONS; done++) gc()
      return resolve()
    }, 1)
  })
}

/**
 * Keeps this process from sleeping while it waits. Otherwise the other end of a connection pays for waking it with every write: a slow
 * server up to a quarter of its time, a fast one, which leaves no time to sleep, nothing.
 *
 * @returns a function that lets the process sleep again
 */
export function stayAwake(): () => void {
  let isAwake = true
  const turn = (): void => {
    if (isAwake) setImmediate(turn)
  }
  turn()
  return () => {
    isAwake = false
  }
}

/** @throws {Error} if the question or answer holds no number under this key */
export function numberIn(record: Readonly<Record<string, unknown>>, key: string): number {
  const value = record[key]
  if (typeof value !== 'number') throw new Error(`expected a number as ${key}, got ${typeof value}`)
  return value
}
