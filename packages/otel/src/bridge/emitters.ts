import type { EventEmitter } from 'node:events'

export type Listener = (...args: unknown[]) => unknown

/** By which method each of those adds that add a listener: `once` and its like take the listener off themselves. */
const METHODS = [
  ['on', 'on', false],
  ['addListener', 'addListener', false],
  ['prependListener', 'prependListener', false],
  ['once', 'on', true],
  ['prependOnceListener', 'prependListener', true],
] as const

const bound = new WeakSet<EventEmitter>()

/**
 * Binds what listens to one emitter from now on, as the API has it. `off` and `listeners` know the listeners as they were given, since
 * Node looks at the property `listener` of those that it has.
 *
 * @param bind binds a listener
 */
export function bindEmitter(emitter: EventEmitter, bind: (listener: Listener) => Listener): void {
  if (bound.has(emitter)) return
  bound.add(emitter)
  const originals = METHODS.map(([method, by, isOnce]) => ({ method, add: emitter[by], isOnce }))
  for (const { method, add, isOnce } of originals) {
    const value = function (this: EventEmitter, event: string | symbol, listener: unknown): unknown {
      return Reflect.apply(add, this, [event, isListener(listener) ? wrapped(this, event, listener) : listener])
    }
    const wrapped = (target: EventEmitter, event: string | symbol, listener: Listener): Listener => {
      const inContext = bind(listener)
      const wrapper: Listener = isOnce
        ? function (this: unknown, ...args) {
            target.removeListener(event, wrapper)
            return Reflect.apply(inContext, this, args)
          }
        : inContext
      return Object.assign(wrapper, { listener: Reflect.get(listener, 'listener') ?? listener })
    }
    Object.defineProperty(emitter, method, { value, configurable: true, writable: true })
  }
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function'
}
