import * as timers from 'node:timers'
import * as promises from 'node:timers/promises'

// Node's own, not the global ones. Tests replace those by fake ones, and a timer of theirs never fires once they are gone; those
// of browser environments, such as jsdom's, have no `unref`.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setInterval: typeof timers.setInterval = timers.setInterval
export const clearInterval: typeof timers.clearInterval = timers.clearInterval
export const setImmediate: typeof timers.setImmediate = timers.setImmediate
/** `setTimeout` of `node:timers/promises`. */
export const sleep: typeof promises.setTimeout = promises.setTimeout

/** The monotonic clock: nanoseconds since some moment, never running backwards. */
export const monotonic: () => bigint = process.hrtime.bigint
