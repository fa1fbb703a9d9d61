import type { RemoteContext } from '../contract/remote.js'
import type { StartOptions } from '../contract/tracer.js'
import { Ledger } from '../queue/ledger.js'
import { printableError, Warnings } from '../queue/warnings.js'
import { cutTo } from '../values/cut.js'
import { onOneLine } from '../values/display.js'
import { describe } from '../values/errors.js'
import { isId, MAX_ID } from '../values/ids.js'
import { optionRules } from '../values/options.js'
import { processLogger } from '../values/process-logger.js'
import { generateId } from '../values/random-ids.js'
import { END_TIME, FIRST_TIME } from '../values/time.js'
import { hostTime } from './clock.js'

/** Longest kind, name and process, in characters. A longer one comes from an untrusted client, and is cut. */
const MAX_TEXT = 1_024

/** What formatTime takes. */
const TIMES = [FIRST_TIME, END_TIME - 1n] as const

/** Where a trace comes from: options of its first span, checked. */
export interface TraceOrigin {
  /** Undefined for a new trace. */
  readonly traceId: bigint | undefined
  readonly parentId: bigint
  readonly remote: RemoteContext | undefined
  /** Whether the caller records the trace; undefined if none said so. */
  readonly sampled: boolean | undefined
  /** Not checked. */
  readonly process: string | undefined
  /** When its first span started, in nanoseconds since the Unix epoch; undefined if that is now. */
  readonly start: bigint | undefined
}

/** That of a trace that begins here. */
export const NO_ORIGIN: TraceOrigin = {
  traceId: undefined,
  parentId: 0n,
  remote: undefined,
  sampled: undefined,
  process: undefined,
  start: undefined,
}

/**
 * Checks what a program passes in at run time. For a value that cannot be used, it returns a default, counts it, and warns.
 * Nothing here throws.
 */
export class Inputs {
  readonly warnings: Warnings
  readonly #ledger: Ledger

  constructor(ledger: Ledger, warnings: Warnings) {
    this.#ledger = ledger
    this.warnings = warnings
  }

  /** Counts and warns of a value that cannot be used. @param message what was expected, what was got, and what is done */
  bad(message: string): void {
    this.#ledger.countBadInput()
    this.warnings.warnLatest('input', () => onOneLine(message), 'bad values')
  }

  options(options: StartOptions): StartOptions {
    if (typeof options === 'object' && options !== null) return options
    this.bad(`options of a span: expected an object, got ${describe(options)}; none are used`)
    return {}
  }

  /** Those of the options that say where a trace comes from. */
  origin({ traceId, parentId, remote, sampled, process, start }: StartOptions): TraceOrigin {
    const saysWhere = traceId !== undefined || parentId !== undefined || remote !== undefined
    if (!saysWhere && sampled === undefined && process === undefined && start === undefined) return NO_ORIGIN
    return {
      traceId: this.#traceId(traceId),
      parentId: this.#parentId(parentId),
      remote: this.#remote(remote),
      sampled: this.#sampled(sampled),
      process,
      start: this.givenTime(start),
    }
  }

  /** A time that the program gives for a span or an event; undefined for now. */
  givenTime(time: bigint | undefined): bigint | undefined {
    if (time === undefined || (typeof time === 'bigint' && time >= FIRST_TIME && time < END_TIME)) return time
    this.bad(
      `time: expected nanoseconds since the Unix epoch, as a bigint, got ${describe(time)}; the time now is used`,
    )
    return undefined
  }

  #traceId(id: bigint | undefined): bigint | undefined {
    if (id === undefined || isId(id)) return id
    this.bad(`traceId: expected a bigint from 1 to ${MAX_ID}, got ${describe(id)}; a new trace id is used`)
    return undefined
  }

  #parentId(id: bigint | undefined): bigint {
    if (id === undefined) return 0n
    if (isId(id) || id === 0n) return id
    this.bad(`parentId: expected a bigint from 0 to ${MAX_ID}, got ${describe(id)}; 0n is used`)
    return 0n
  }

  /** A copy, so that it does not change any more. */
  #remote(remote: RemoteContext | undefined): RemoteContext | undefined {
    if (remote === undefined) return undefined
    if (typeof remote === 'object' && remote !== null) {
      const { upperTraceId, traceState, isRandom } = remote
      const isUsable = (isId(upperTraceId) || upperTraceId === 0n) && typeof traceState === 'string'
      if (isUsable && typeof isRandom === 'boolean') return { upperTraceId, traceState, isRandom }
    }
    this.bad(`remote: expected what a propagator reads, got ${describe(remote)}; it is not used`)
    return undefined
  }

  #sampled(sampled: boolean | undefined): boolean | undefined {
    if (sampled === undefined || typeof sampled === 'boolean') return sampled
    this.bad(`sampled: expected true or false, got ${describe(sampled)}; the trace is recorded`)
    return undefined
  }

  /** @param what the text is for, in the message */
  text(text: string, what: string, instead?: string): string {
    return typeof text === 'string' && text.length <= MAX_TEXT ? text : this.#usableText(text, what, instead)
  }

  #usableText(text: unknown, what: string, instead = ''): string {
    if (typeof text === 'string') return `${cutTo(MAX_TEXT - 1, text)}…`
    this.bad(`${what} of a span: expected a string, got ${describe(text)}; ${describe(instead)} is used`)
    return instead
  }

  /** What a sampler gives that is neither true nor false. @returns whether the trace is recorded */
  decision(given: unknown, caller: boolean | undefined): boolean {
    try {
      return this.#usableDecision(given, caller)
    } catch (error) {
      return this.noDecision(error)
    }
  }

  /** A sampler throws. @returns whether the trace is recorded */
  noDecision(error: unknown): boolean {
    this.bad(`sample threw: ${printableError(error)}; the trace is recorded`)
    return true
  }

  /** Throws for a proxy that was revoked, say. */
  #usableDecision(decision: unknown, caller: boolean | undefined): boolean {
    if (decision === undefined || decision === null) return caller ?? true
    // Only we have this promise, whose rejection would end the process.
    if (decision instanceof Promise) decision.catch(() => {})
    this.bad(`sample: expected true, false or undefined, got ${describe(decision)}; the trace is recorded`)
    return true
  }

  /** An id that the program makes. */
  id(make: () => bigint): bigint {
    return this.#bigint('ids', [1n, MAX_ID], make, generateId)
  }

  /** The time that the program tells. */
  time(tell: () => bigint): bigint {
    return this.#bigint('clock', TIMES, tell, hostTime)
  }

  /** Calls a function of the program; if it throws, or gives what is no bigint of the range, another. */
  #bigint(name: string, [least, most]: readonly [bigint, bigint], given: () => bigint, usual: () => bigint): bigint {
    let got: unknown
    try {
      got = given()
      if (typeof got === 'bigint' && got >= least && got <= most) return got
      this.bad(`${name}: expected a bigint from ${least} to ${most}, got ${describe(got)}; the default is used`)
    } catch (error) {
      this.bad(`${name} threw: ${printableError(error)}; the default is used`)
    }
    return usual()
  }

  /** @param usual the default, in ms */
  timeout(options: { readonly timeout?: number } | undefined, usual: number): number {
    try {
      const timeout = options?.timeout ?? usual
      if (optionRules.duration.test(timeout)) return timeout
      this.bad(`timeout: expected ${optionRules.duration.expected}, got ${describe(timeout)}; ${usual} is used`)
    } catch (error) {
      this.bad(`timeout: ${printableError(error)}; ${usual} is used`)
    }
    return usual
  }
}

/** The message for something that should be a function. */
export function nothingToRun(fn: unknown): string {
  return `a span was given nothing to run: expected a function, got ${describe(fn)}`
}

let outside: Inputs | undefined

/** For calls outside any trace, which no tracer counts. */
export function inputsOutside(): Inputs {
  outside ??= new Inputs(new Ledger(), new Warnings(processLogger, 10_000))
  return outside
}
