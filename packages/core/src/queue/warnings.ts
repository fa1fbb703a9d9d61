import * as types from 'node:util/types'
import type { Logger } from '../contract/logger.js'
import { onOneLine } from '../values/display.js'
import { describe, errorMessage } from '../values/errors.js'
import { clearTimeout, setTimeout } from '../values/timers.js'

/** How many characters of an adapter's warning are kept at most. */
const MAX_RELAYED = 1_000

/** The message for several events of the same kind. @param count how many */
type Message = (count: number) => string

/**
 * Logs the first event of each kind at once, and later ones together, once per interval, with their number. So there is never a
 * line per span, and no event goes unreported.
 */
export class Warnings {
  readonly #logger: Logger
  readonly #interval: number
  readonly #pending = new Map<string, { count: number; message: Message; timer: NodeJS.Timeout }>()

  /** @param interval in ms */
  constructor(logger: Logger, interval: number) {
    this.#logger = logger
    this.#interval = interval
  }

  /**
   * @param code the kind of event, one of a fixed few
   * @param message makes the message from the number of events
   * @param count how many events there are now. Default 1
   */
  warn(code: string, message: Message, count = 1): void {
    const pending = this.#pending.get(code)
    if (pending !== undefined) {
      pending.count += count
      pending.message = message
      return
    }
    this.#beginInterval(code, message)
    this.#log(message, count)
  }

  /**
   * Logs the latest of several messages only, with their number.
   *
   * @param text makes the message
   * @param plural what they are called, such as `bad values`
   */
  warnLatest(code: string, text: () => string, plural: string): void {
    this.warn(code, (times) => (times > 1 ? `${text()} (the latest of ${times} ${plural})` : text()))
  }

  /** Logs a warning of an adapter, whose codes are kept apart from ours. Never throws. */
  relay(code: string, message: string): void {
    const text = typeof message === 'string' ? message : describe(message)
    this.warnLatest(`adapter: ${describe(code)}`, () => onOneLine(text, MAX_RELAYED), 'such warnings')
  }

  /** Logs what is pending, without waiting for the interval's end. */
  flush(): void {
    for (const pending of this.#pending.values()) {
      if (pending.count > 0) this.#log(pending.message, pending.count)
      pending.count = 0
    }
  }

  /** Ends all intervals. */
  stop(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
  }

  #beginInterval(code: string, message: Message): void {
    const timer = setTimeout(() => this.#endInterval(code), this.#interval)
    timer.unref()
    this.#pending.set(code, { count: 0, message, timer })
  }

  #endInterval(code: string): void {
    const pending = this.#pending.get(code)
    this.#pending.delete(code)
    if (pending === undefined || pending.count === 0) return
    this.#beginInterval(code, pending.message)
    this.#log(pending.message, pending.count)
  }

  /** An error of the logger must not reach the traced program, and there is nowhere else to report it. */
  #log(message: Message, count: number): void {
    try {
      const logged: unknown = this.#logger.warn(`trace: ${message(count)}`)
      if (types.isPromise(logged)) logged.then(undefined, () => {})
    } catch {}
  }
}

/** The message of an error, for a log line. */
export function printableError(error: unknown): string {
  return onOneLine(errorMessage(error))
}
