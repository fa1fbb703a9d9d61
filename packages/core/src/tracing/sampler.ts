import type { Sampler } from '../contract/tracer.js'
import { describe, TraceError } from '../values/errors.js'
import { checkOptions, type OptionRule, optionRules } from '../values/options.js'
import { monotonic } from '../values/timers.js'

/**
 * Records a part of all traces. It decides by the trace id, so that services with the same ratio agree on every trace. The rule is
 * that of OpenTelemetry's consistent probability sampling: the rightmost 56 bits of the id are the random number
 * (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag). A trace that the caller says that it records is recorded, too: it
 * may have another ratio, or keep the trace for an error.
 *
 * @param part from 0 (no trace) to 1 (every trace)
 * @throws {TraceError} `TRACE_BAD_OPTION` if it is not a number from 0 to 1
 */
export function ratio(part: number): Sampler {
  if (typeof part !== 'number' || !(part >= 0 && part <= 1)) {
    throw new TraceError('TRACE_BAD_OPTION', `ratio: expected a number from 0 to 1, got ${describe(part)}`)
  }
  const threshold = BigInt(Math.round((1 - part) * 2 ** 56))
  return (_kind, _name, traceId, caller) => caller === true || BigInt.asUintN(56, traceId) >= threshold
}

/**
 * Records so many traces a second at most. Where the caller says whether it records a trace, that decides instead, so that no trace is
 * stored in parts. Up to one second's worth may begin at once.
 *
 * @param count above 0; 0.1 is one trace in 10 s
 * @throws {TraceError} `TRACE_BAD_OPTION` if it is not a number above 0
 */
export function perSecond(count: number): Sampler {
  if (typeof count !== 'number' || !(count > 0 && count < Infinity)) {
    throw new TraceError('TRACE_BAD_OPTION', `perSecond: expected a number above 0, got ${describe(count)}`)
  }
  const most = Math.max(1, count)
  /** How many traces may begin now. */
  let room = most
  let since = monotonic()
  return (_kind, _name, _traceId, caller) => {
    if (caller !== undefined) return undefined
    const now = monotonic()
    room = Math.min(most, room + (Number(now - since) / 1e9) * count)
    since = now
    if (room < 1) return false
    room--
    return true
  }
}

/** Which traces a sampler is for: those that meet all conditions given. */
export interface SamplingRule {
  /** The kind of the first span. */
  readonly kind?: string
  /** Its name when it starts, or a pattern that matches it. */
  readonly name?: string | RegExp
  /** Decides about these traces: a sampler, or whether they are recorded. */
  readonly sample: Sampler | boolean
}

/**
 * Decides by the kind and name of the first span: the first rule that fits a trace decides.
 *
 * @param list the rules
 * @param otherwise decides about all other traces. Default: the caller
 * @throws {TraceError} `TRACE_BAD_OPTION` for a rule with an unknown condition, or one of the wrong type
 */
export function rules(list: readonly SamplingRule[], otherwise?: Sampler): Sampler {
  checkOptions('rules', { list, otherwise }, RULES)
  const checked = list.map((rule, at) => {
    checkOptions(`rules: rule ${at + 1}`, rule, RULE)
    const { kind, name, sample } = rule
    // A copy: with the flags g and y, a pattern begins where it last ended.
    const pattern = typeof name === 'object' ? new RegExp(name.source, name.flags.replace(/[gy]/g, '')) : undefined
    return { kind, name, pattern, sampler: typeof sample === 'boolean' ? () => sample : sample }
  })
  return (kind, name, traceId, caller) => {
    for (const rule of checked) {
      if (rule.kind !== undefined && rule.kind !== kind) continue
      const fits = rule.pattern === undefined ? rule.name === undefined || rule.name === name : rule.pattern.test(name)
      if (fits) return rule.sampler(kind, name, traceId, caller)
    }
    return otherwise?.(kind, name, traceId, caller)
  }
}

const RULES = {
  list: { expected: 'a list of rules', test: Array.isArray, required: true },
  otherwise: optionRules.function,
}

const RULE: Readonly<Record<keyof SamplingRule, OptionRule>> = {
  kind: optionRules.string,
  name: {
    expected: 'a string or a regular expression',
    test: (value) => typeof value === 'string' || value instanceof RegExp,
  },
  sample: {
    expected: 'a sampler such as ratio(0.1), or true or false',
    test: (value) => typeof value === 'function' || typeof value === 'boolean',
    required: true,
  },
}
