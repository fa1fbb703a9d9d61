import * as types from 'node:util/types'
import type { Logger } from '../contract/tracer.js'
import { onOneLine } from '../values/display.js'
import { describe, errorMessage } from '../values/errors.js'
import { clearTimeout, setTimeout } from '../values/timers.js'
import { writeStandardNow } from '../values/write-now.js'

/** How many characters of an adapter's warning are kept. */
const MAX_RELAYED = 1_000

/** Makes the message of so many like events. */
type Message = (count: number) => string

/**
 * Says each kind of thing at once when it first happens, and from then on once an interval, with how often it did: never
 * once a span, and nothing is left unsaid.
 */
export class Warnings {
  readonly #logger: Logger
  readonly #interval: number
  readonly #unsaid = new Map<string, { count: number; message: Message; timer: NodeJS.Timeout }>()

  /** @param interval milliseconds */
  constructor(logger: Logger, interval: number) {
    this.#logger = logger
    this.#interval = interval
  }

  /**
   * @param code the kind of thing, one of a fixed few
   * @param message what to say of so many of them
   * @param count how many there are now; default 1
   */
  warn(code: string, message: Message, count = 1): void {
    const unsaid = this.#unsaid.get(code)
    if (unsaid !== undefined) {
      unsaid.count += count
      unsaid.message = message
      return
    }
    this.#beginInterval(code, message)
    this.#say(message, count)
  }

  /**
   * The same where only the latest of like messages is worth saying.
   *
   * @param text makes the message
   * @param plural what they are of which it is the latest
   */
  warnLatest(code: string, text: () => string, plural: string): void {
    this.warn(code, (times) => (times > 1 ? `${text()} (the latest of ${times} ${plural})` : text()))
  }

  /** A warning of an adapter's: its code is no code of ours. Never throws. */
  relay(code: string, message: string): void {
    const text = typeof message === 'string' ? message : describe(message)
    this.warnLatest(`adapter: ${describe(code)}`, () => onOneLine(text, MAX_RELAYED), 'such warnings')
  }

  /** Says what is unsaid now, without waiting for the interval's end. */
  flush(): void {
    for (const unsaid of this.#unsaid.values()) {
      if (unsaid.count > 0) this.#say(unsaid.message, unsaid.count)
      unsaid.count = 0
    }
  }

  /** Ends all intervals. */
  stop(): void {
    for (const { timer } of this.#unsaid.values()) clearTimeout(timer)
    this.#unsaid.clear()
  }

  #beginInterval(code: string, message: Message): void {
    const timer = setTimeout(() => this.#endInterval(code), this.#interval)
    timer.unref()
    this.#unsaid.set(code, { count: 0, message, timer })
  }

  #endInterval(code: string): void {
    const unsaid = this.#unsaid.get(code)
    this.#unsaid.delete(code)
    if (unsaid === undefined || unsaid.count === 0) return
    this.#beginInterval(code, unsaid.message)
    this.#say(unsaid.message, unsaid.count)
  }

  /** A logger that throws or rejects must not reach the traced program, and there is nowhere else to say it. */
  #say(message: Message, count: number): void {
    try {
      const said: unknown = this.#logger.warn(`trace: ${message(count)}`)
      if (types.isPromise(said)) said.then(undefined, () => {})
    } catch {}
  }
}

/** Warns by `process.emitWarning`; while the process exits, when that comes too late, by standard error. */
export const processWarnings: Logger = {
  warn(message) {
    if (exiting) {
      writeWarning(message)
      return
    }
    process.emitWarning(message, 'TraceWarning')
    emitted.add(message)
    process.nextTick(() => emitted.delete(message))
  },
}

let exiting = false
/** Those that Node says in the next tick, which a process that exits before does not see. */
const emitted = new Set<string>()

/** From now on warnings are written at once, and those that Node had no time for. */
export function warnSynchronously(): void {
  exiting = true
  for (const message of emitted) writeWarning(message)
  emitted.clear()
}

function writeWarning(message: string): void {
  // With `--no-warnings` nobody listens.
  if (process.listenerCount('warning') === 0) return
  writeStandardNow(process.stderr, Buffer.from(`(node:${process.pid}) TraceWarning: ${message}\n`))
}

/** An error in a log line: its message on one line. */
export function printableError(error: unknown): string {
  return onOneLine(errorMessage(error))
}
