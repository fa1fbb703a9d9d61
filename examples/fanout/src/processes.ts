import { type ChildProcess, fork } from 'node:child_process'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The processes of the example. */
export class Processes {
  readonly #running = new Set<ChildProcess>()
  /** How the names of their spans' processes end: `:pid@hostname`. */
  readonly #names: string[] = []
  readonly #env: NodeJS.ProcessEnv

  /** @param env what each gets besides the environment of this one */
  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...process.env, ...env }
  }

  /**
   * Starts a module of this folder, and waits until it says where it listens.
   *
   * @throws {Error} what the process said of why it cannot run, or that it ended
   */
  start(name: string, env: Readonly<Record<string, string>>): Promise<string> {
    const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), { env: { ...this.#env, ...env } })
    this.#running.add(child)
    this.#names.push(`:${child.pid}@${hostname()}`)
    child.once('exit', () => this.#running.delete(child))
    return new Promise((resolve, reject) => {
      child.once('message', (message: { url?: string; error?: string }) => {
        if (message.url === undefined) reject(new Error(`${name} cannot start: ${message.error}`))
        else resolve(message.url)
      })
      child.once('exit', (code, signal) =>
        reject(new Error(`${name} ended at once (${signal ?? `exit code ${code}`})`)),
      )
    })
  }

  /** @param process of a span, such as `gateway:4711@host-1` */
  started(process: string): boolean {
    return this.#names.some((name) => process.endsWith(name))
  }

  /** Ends all of them, by force after 5 seconds. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running].map((child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        setTimeout(() => child.kill('SIGKILL'), 5_000).unref()
        return ended
      }),
    )
  }
}
