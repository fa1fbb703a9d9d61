import { TRACED } from './messages.js'

/**
 * Makes a method's wrapper, the same for the same method: so that all requests share one, and none is wrapped twice over,
 * be it their own or one that they inherit.
 *
 * @param wrap makes it
 */
export function sharedWrapper<Method extends object>(wrap: (method: Method) => Method): (method: Method) => Method {
  const wrappers = new WeakMap<Method, Method>()
  // Nearly always the same: a WeakMap takes four times as long.
  let lastMethod: Method | undefined
  let last: Method | undefined
  return (method) => {
    if (method === last) return method
    if (method === lastMethod && last !== undefined) return last
    let made = wrappers.get(method)
    if (made === undefined) {
      // Marked, since another copy of this package, whose own does the same, would wrap it with every request anew.
      made = Object.hasOwn(method, TRACED) ? method : Object.defineProperty(wrap(method), TRACED, { value: true })
      wrappers.set(method, made)
      wrappers.set(made, made)
    }
    lastMethod = method
    last = made
    return made
  }
}
