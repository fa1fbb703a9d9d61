import * as timers from 'node:timers'

// Node's own, taken as this loads: tests put fake ones in the place of the global ones, and what is under way with a fake
// one never comes back once they are taken away; those of browser environments, such as jsdom's, have no `unref`.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setImmediate: typeof timers.setImmediate = timers.setImmediate
