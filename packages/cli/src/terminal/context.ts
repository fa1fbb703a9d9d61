import { fittingCount } from './budget.js'
import { jsonLine } from './json.js'

/** Where a command writes: a terminal, a pipe, or what a test has in their place. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** Some terminals report 0. */
  readonly columns?: number
}

/** What a command knows of the world: so that it runs in a test as in a terminal. */
export interface Context {
  readonly process: {
    readonly stdout: Output
    readonly stderr: Output
    readonly env: Readonly<Record<string, string | undefined>>
    /** What the command ends with; see {@link EXIT}. */
    exitCode?: number | string | null
  }
  /** The folder that paths are relative to. */
  readonly cwd: string
  /** Now, in ms since the Unix epoch. */
  readonly now: () => number
  /** The version of this package. */
  readonly version: () => string
  /** What is piped into the command. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** Where a shell completes what is typed: the words before the one that the cursor is in. */
  readonly typed?: readonly string[]
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
}

/** What the command ends with. */
export const EXIT = { found: 0, nothing: 1, misuse: 2, unreadable: 3 } as const

/** A mistake of the user, or something that cannot be read: the message says what happened, and what to do. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.misuse) {
    super(message)
    this.exitCode = exitCode
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'this user may not; change its rights, or take another path',
  EPERM: 'this user may not; change its rights, or take another path',
  EISDIR: 'it is a folder; give the path of a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'it is on a disk that cannot be written to',
}

/**
 * What went wrong, as a person wants to read it: a failure of a file with its path and what to do.
 *
 * @param file the path, for an error that does not say it
 */
export function messageOf(error: unknown, file?: string): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const [code, path = file, message] = ['code', 'path', 'message'].map((key): unknown => Reflect.get(error, key))
  const reason = typeof code === 'string' ? REASONS[code] : undefined
  if (reason !== undefined && typeof path === 'string') return `cannot open ${path}: ${reason}`
  return typeof message === 'string' ? message : String(error)
}

/** Writes lines to standard output. */
export function print({ process }: Context, lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
}

/**
 * Writes objects, a line of JSON each, as many as fit into a budget. What is said of the others goes to standard error, so that all of
 * standard output is JSON.
 *
 * @param budget how many bytes; undefined for any number
 */
export function printObjects(context: Context, lines: readonly string[], budget: number | undefined): void {
  const kept = fittingCount(lines, budget)
  print(context, lines.slice(0, kept))
  const left = lines.length - kept
  if (left > 0) note(context, `${left} of ${lines.length} objects do not fit; a larger --budget prints more of them`)
}

/**
 * Says what was done: a line for people on standard error, or an object. That goes to standard output, unless spans go there.
 *
 * @param isTaken whether spans go to standard output
 */
export function report(
  context: Context,
  text: string,
  { json, object, isTaken }: { readonly json: boolean | undefined; readonly object: object; readonly isTaken: boolean },
): void {
  if (json !== true) note(context, text)
  else (isTaken ? context.process.stderr : context.process.stdout).write(`${jsonLine(object)}\n`)
}

/** Writes a line about the output, not of it, to standard error. */
export function note({ process }: Context, text: string): void {
  process.stderr.write(`trace: ${text}\n`)
}
