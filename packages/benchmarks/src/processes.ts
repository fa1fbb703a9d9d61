import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { collectGarbage } from './garbage.js'

/** A Node process that answers questions, one at a time. */
export interface Servant {
  /** @returns what it answers, which it promises to be a record of numbers */
  ask(question: object): Promise<Record<string, number>>
  close(): Promise<void>
}

/**
 * Starts a script of this package in a process of its own.
 *
 * @param script such as `worker.js`, beside this file
 * @param flags for Node
 */
export function startServant(script: string, args: readonly string[], flags: readonly string[] = []): Servant {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = fork(path, [...args], { execArgv: [...flags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const what = `${script} ${args.join(' ')}`
  return {
    ask: (question) => ask(child, question, what),
    close: () => stop(child),
  }
}

function ask(child: ChildProcess, question: object, what: string): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', answered)
      child.off('exit', left)
    }
    const answered = (answer: unknown): void => {
      settle()
      resolve(numbersOf(answer, what))
    }
    const left = (code: number | null): void => {
      settle()
      reject(new Error(`${what} ended with code ${code} instead of an answer`))
    }
    child.on('message', answered)
    child.on('exit', left)
    if (child.exitCode === null) child.send(question)
    else left(child.exitCode)
  })
}

function numbersOf(answer: unknown, what: string): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const [key, value] of Object.entries(answer ?? {})) {
    if (typeof value !== 'number') throw new Error(`${what} answered ${key} with ${typeof value}`)
    numbers[key] = value
  }
  return numbers
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.disconnect()
  })
}

/** In the process that was started: answers each question, but for `collect`, and leaves when nobody is there to ask. */
export function serve(answer: (question: Record<string, unknown>) => Promise<Record<string, number>>): void {
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

/** A number that a question or an answer must hold. */
export function numberIn(record: Readonly<Record<string, unknown>>, key: string): number {
  const value = record[key]
  if (typeof value !== 'number') throw new Error(`expected a number as ${key}, got ${typeof value}`)
  return value
}
