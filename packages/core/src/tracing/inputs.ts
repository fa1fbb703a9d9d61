import type { RemoteContext } from '../contract/remote.js'
import type { Sampler, StartOptions } from '../contract/tracer.js'
import { Ledger } from '../queue/ledger.js'
import { printableError, Warnings } from '../queue/warnings.js'
import { cutTo } from '../values/cut.js'
import { onOneLine } from '../values/display.js'
import { describe } from '../values/errors.js'
import { isId, MAX_ID } from '../values/ids.js'
import { optionRules } from '../values/options.js'
import { processLogger } from '../values/process-logger.js'

/** Longest kind, name and process, in characters. A longer one comes from an untrusted client, and is cut. */
const MAX_TEXT = 1_024

const NO_OPTIONS: StartOptions = {}

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

  options(options: StartOptions | undefined): StartOptions {
    if (typeof options === 'object' && options !== null) return options
    if (options !== undefined)
      this.bad(`options of a span: expected an object, got ${describe(options)}; none are used`)
    return NO_OPTIONS
  }

  /** @param newId makes one, if it is needed */
  traceId(id: bigint | undefined, newId: () => bigint): bigint {
    if (id === undefined) return newId()
    if (isId(id)) return id
    this.bad(`traceId: expected a bigint from 1 to ${MAX_ID}, got ${describe(id)}; a new trace id is used`)
    return newId()
  }

  parentId(id: bigint | undefined): bigint {
    if (id === undefined) return 0n
    if (isId(id) || id === 0n) return id
    this.bad(`parentId: expected a bigint from 0 to ${MAX_ID}, got ${describe(id)}; 0n is used`)
    return 0n
  }

  /** A copy, so that it does not change any more. */
  remote(remote: RemoteContext | undefined): RemoteContext | undefined {
    if (remote === undefined) return undefined
    if (typeof remote === 'object' && remote !== null) {
      const { upperTraceId, traceState, isRandom } = remote
      const isUsable = (isId(upperTraceId) || upperTraceId === 0n) && typeof traceState === 'string'
      if (isUsable && typeof isRandom === 'boolean') return { upperTraceId, traceState, isRandom }
    }
    this.bad(`remote: expected what a propagator reads, got ${describe(remote)}; it is not used`)
    return undefined
  }

  /** @param what the text is for, in the message */
  text(text: string, what: string, instead = ''): string {
    if (typeof text !== 'string') {
      this.bad(`${what} of a span: expected a string, got ${describe(text)}; ${describe(instead)} is used`)
      return instead
    }
    return text.length > MAX_TEXT ? `${cutTo(MAX_TEXT - 1, text)}…` : text
  }

  /** Whether the caller records the trace. */
  callersDecision(sampled: boolean | undefined): boolean {
    if (sampled === undefined || typeof sampled === 'boolean') return sampled ?? true
    this.bad(`sampled: expected true or false, got ${describe(sampled)}; the trace is recorded`)
    return true
  }

  /** Whether a trace is recorded. @param callers whether the caller records it */
  decision(sample: Sampler, [kind, name, traceId, caller]: Parameters<Sampler>, callers: boolean): boolean {
    try {
      const decision: unknown = sample(kind, name, traceId, caller)
      if (typeof decision === 'boolean') return decision
      if (decision === undefined || decision === null) return callers
      // Only we have this promise, whose rejection would end the process.
      if (decision instanceof Promise) decision.catch(() => {})
      this.bad(`sample: expected true, false or undefined, got ${describe(decision)}; the trace is recorded`)
      return true
    } catch (error) {
      this.bad(`sample threw: ${printableError(error)}; the trace is recorded`)
      return true
    }
  }

  /** Calls a function of the program; if it throws, or gives what is no bigint of the range, another. */
  bigint(name: string, [least, most]: readonly [bigint, bigint], given: () => bigint, usual: () => bigint): bigint {
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
