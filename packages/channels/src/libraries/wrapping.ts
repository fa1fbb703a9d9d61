import { type ActiveSpan, outsideTraces } from '@trace/core'

/** A method or callback of the program's, or one that stands in for it. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * Gives an object of the program's own another method. Its class stays as it is, and its keys are listed as before.
 *
 * @returns whether the object allows that: a frozen one does not
 */
export function override(object: object, name: string, method: Method): boolean {
  const enumerable = Object.getOwnPropertyDescriptor(object, name)?.enumerable ?? false
  return Reflect.defineProperty(object, name, { value: method, configurable: true, writable: true, enumerable })
}

/** Runs a function where whoever called was: in that span, or outside any trace. */
export function within<T>(caller: ActiveSpan | undefined, fn: () => T): T {
  return caller === undefined ? outsideTraces(fn) : caller.run(fn)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** What an object has under a key; undefined if it is none, or throws. */
export function read(object: unknown, key: string): unknown {
  try {
    return isObject(object) || typeof object === 'function' ? Reflect.get(object, key) : undefined
  } catch {
    return undefined
  }
}

/** The method of an object; undefined if it has none of that name. */
export function methodOf(object: unknown, name: string): Method | undefined {
  const method = read(object, name)
  return isMethod(method) ? method : undefined
}

export function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return methodOf(value, 'then') !== undefined
}
