import type { Recorder } from '../contract/recorder.js'
import { describe, TraceError } from './errors.js'

/** What an option must be. */
export interface OptionRule {
  /** What is expected, for the message: `expected …, got …`. */
  readonly expected: string
  /** Whether a value is right. It is not asked about `undefined`. */
  readonly test: (value: unknown) => boolean
  /** Whether the option must be given. Default: false. */
  readonly required?: boolean
}

/** Rules for common types of options. */
export const optionRules: Readonly<Record<'string' | 'boolean' | 'function' | 'count' | 'duration', OptionRule>> = {
  string: {
    expected: 'a string that is not empty',
    test: (v) => typeof v === 'string' && v !== '',
  },
  boolean: { expected: 'true or false', test: (v) => typeof v === 'boolean' },
  function: { expected: 'a function', test: (v) => typeof v === 'function' },
  count: {
    expected: 'a whole number above 0',
    test: (v) => Number.isSafeInteger(v) && Number(v) > 0,
  },
  duration: {
    expected: 'milliseconds, from 1 to 2147483647',
    test: (v) => typeof v === 'number' && v >= 1 && v <= 0x7fffffff,
  },
}

/** Whether a value can be a recorder. */
export function isRecorder(value: unknown): value is Recorder {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'record') === 'function' && typeof Reflect.get(value, 'name') === 'string'
}

/**
 * Checks the options of a factory. Recorders and adapters of third parties may use it too.
 *
 * @param factory its name, for the message
 * @param options the options that the caller has passed
 * @param rules a rule for each option
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, a missing one, or one of the wrong type: says what was expected
 */
export function checkOptions(factory: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  const problem = problemWith(options, rules)
  if (problem !== undefined) throw new TraceError('TRACE_BAD_OPTION', `${factory}: ${problem}`)
}

/** Says what is wrong with options; undefined if nothing is. */
export function problemWith(options: unknown, rules: Readonly<Record<string, OptionRule>>): string | undefined {
  const known = Object.keys(rules).join(', ')
  const needed = Object.entries(rules).find(([, { required }]) => required === true)
  const wanted =
    needed === undefined ? `an object with any of the options ${known}` : `options such as { ${needed[0]}: … }`
  if (needed?.[1].test(options) === true) return `expected ${wanted}, got the ${needed[0]} by itself`
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return `expected ${wanted}, got ${describe(options)}`
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue
    return `unknown option ${describe(name)}; the options are: ${known}`
  }
  for (const [name, rule] of Object.entries(rules)) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined ? rule.required !== true : rule.test(value)) continue
    return `option "${name}": expected ${rule.expected}, got ${describe(value)}`
  }
  return undefined
}
