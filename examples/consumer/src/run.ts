import { spawn } from 'node:child_process'

/** How a command is run. */
export interface RunOptions {
  readonly cwd: string
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until it is killed. Default 300,000. */
  readonly timeout?: number
}

/** What a command has printed. */
export interface Printed {
  readonly out: string
  /** Standard output and standard error. */
  readonly all: string
}

/**
 * Runs a command to its end.
 *
 * @throws where it cannot be started, is killed or fails: the message has the end of what it printed
 */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Printed> {
  const { cwd, env = {}, timeout = 300_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
    })
    let out = ''
    let all = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      all += chunk
    })
    child.stderr.on('data', (chunk) => {
      all += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) return resolve({ out, all })
      reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}: ${all.trim().slice(-4_000)}`))
    })
  })
}

/** Runs a program by this process's Node. */
export function runNode(args: readonly string[], options: RunOptions): Promise<Printed> {
  return run(process.execPath, args, options)
}
