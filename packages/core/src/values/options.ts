import { describe, TraceError } from './errors.js'

/**
 * What an option must be: a test, and its words in the message. `undefined` always passes; an option that must be given
 * has `required`.
 */
export interface OptionRule {
  readonly expected: string
  readonly test: (value: unknown) => boolean
  readonly required?: boolean
}

/** Rules that most factories need. */
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

/**
 * Checks the options of a factory, so that a mistake is told where it was made. For recorders and adapters of third
 * parties too.
 *
 * @param factory its name, for the message
 * @param options what the caller gave
 * @param rules one for each option there is
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function checkOptions(factory: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  const problem = problemWith(options, rules)
  if (problem !== undefined) throw new TraceError('TRACE_BAD_OPTION', `${factory}: ${problem}`)
}

/** What is wrong with options, what was expected, and what was got; undefined where nothing is. */
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
