/** Something that a test's tools, or a program, have put out of order in their process. */
export interface Fault {
  readonly what: string
  /** The object that has the property, as code. */
  readonly holder: string
  readonly key: string
  /** What stands in the property's place, as code. */
  readonly value: string
}

function replaced(what: string, holder: string, key: string, value: string): Fault {
  return { what, holder, key, value }
}

/** The fault as a program makes it. */
export function sourceOf({ holder, key, value }: Fault): string {
  return `Object.defineProperty(${holder}, '${key}', { value: ${value}, configurable: true, writable: true })`
}

/** Makes a fault here. @returns what undoes it */
export function make(fault: Fault): () => void {
  const holder: unknown = new Function(`return ${fault.holder}`)()
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return () => {}
  const before = Object.getOwnPropertyDescriptor(holder, fault.key)
  new Function(sourceOf(fault))()
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, fault.key)
    else Object.defineProperty(holder, fault.key, before)
  }
}

const THROWS = `() => { throw new Error('out of order') }`

/** What cannot be undone is not here: frozen globals, say. */
export const FAULTS: Fault[] = [
  replaced('setTimeout gives a number, as in jsdom', 'globalThis', 'setTimeout', '() => 1'),
  replaced('setTimeout throws', 'globalThis', 'setTimeout', THROWS),
  replaced('there is no setImmediate, as in jsdom', 'globalThis', 'setImmediate', 'undefined'),
  replaced('clearTimeout throws', 'globalThis', 'clearTimeout', THROWS),
  replaced('Date.now stands still', 'Date', 'now', '() => 1_000'),
  replaced('Date.now throws', 'Date', 'now', THROWS),
  replaced('Date.now gives no number', 'Date', 'now', '() => Symbol("now")'),
  replaced('there is no Date', 'globalThis', 'Date', 'undefined'),
  replaced('there is no performance', 'globalThis', 'performance', 'undefined'),
  replaced('process.hrtime throws', 'process', 'hrtime', `Object.assign(${THROWS}, { bigint: ${THROWS} })`),
  replaced('process.hrtime stands still', 'process', 'hrtime', '{ bigint: () => 0n }'),
  replaced('process.emitWarning throws', 'process', 'emitWarning', THROWS),
  replaced('there is no crypto', 'globalThis', 'crypto', 'undefined'),
  replaced('crypto gives nothing but zeros', 'globalThis.crypto', 'getRandomValues', '(array) => array.fill(0n)'),
  replaced('Math.random throws', 'Math', 'random', THROWS),
  replaced('Math.random stands still', 'Math', 'random', '() => 0'),
  replaced('crypto is out of order', 'globalThis.crypto', 'getRandomValues', THROWS),
  replaced('Error.prepareStackTrace throws', 'Error', 'prepareStackTrace', THROWS),
  replaced('there is no AbortController', 'globalThis', 'AbortController', 'undefined'),
  replaced('queueMicrotask throws', 'globalThis', 'queueMicrotask', THROWS),
]
