import * as timers from 'node:timers'

// Node's own, not the global ones. Tests replace those by fake ones, and a timer of theirs never fires once they are gone; those
// of browser environments, such as jsdom's, have no `unref`.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setImmediate: typeof timers.setImmediate = timers.setImmediate
