import type { OptionRule } from '@trace/core'

/** The option `tracer`. */
export const tracerRule: OptionRule = {
  expected: 'a tracer, such as createTracer() gives',
  test: (value) => has(value, ['start']),
  required: true,
}

/** The option `propagators`. */
export const propagatorsRule: OptionRule = {
  expected: 'a list of propagators, such as [requestId(), w3c()]',
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => has(item, ['extract', 'inject']) && 'headers' in item),
}

function has(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return methods.every((method) => typeof Reflect.get(value, method) === 'function')
}
