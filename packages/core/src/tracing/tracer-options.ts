import type { KeepOptions, TracerOptions } from '../contract/tracer.js'
import { checkOptions, isRecorder, type OptionRule, optionRules } from '../values/options.js'

/**
 * Checks the options of a tracer.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type: says what was expected
 */
export function checkTracerOptions(options: TracerOptions): void {
  checkOptions('createTracer', options, RULES)
  if (options.keep !== undefined) checkOptions('createTracer keep', options.keep, KEEP_RULES)
}

const RULES: Readonly<Record<keyof TracerOptions, OptionRule>> = {
  recorder: {
    expected:
      'a recorder (a name and a method record), such as memoryRecorder() or openRecorder(url) of @trace/core/open',
    test: isRecorder,
    required: true,
  },
  service: optionRules.string,
  process: optionRules.string,
  sample: optionRules.function,
  keep: {
    expected: 'an object such as { errors: true, slowerThan: 1_000 }',
    test: (value) => typeof value === 'object' && value !== null,
  },
  stacks: {
    expected: "true, false or 'masked'",
    test: (value) => typeof value === 'boolean' || value === 'masked',
  },
  buffer: optionRules.count,
  bufferBytes: optionRules.count,
  batch: optionRules.count,
  flushTimeout: optionRules.duration,
  openAfter: {
    expected: 'milliseconds, from 1 to 2147483647, or false',
    test: (value) => value === false || optionRules.duration.test(value),
  },
  ledger: optionRules.boolean,
  logger: {
    expected: 'a logger, with a method warn, such as console',
    test: (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'warn') === 'function',
  },
  warningInterval: optionRules.duration,
  ids: optionRules.function,
  clock: optionRules.function,
}

const KEEP_RULES: Readonly<Record<keyof KeepOptions, OptionRule>> = {
  errors: optionRules.boolean,
  slowerThan: optionRules.duration,
  buffer: optionRules.count,
  bufferBytes: optionRules.count,
}
