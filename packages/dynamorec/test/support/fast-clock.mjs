// Preloaded by `--import`: lets a process wait a fifth of the time, so that a test need not wait for it.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'

const FACTOR = 5

for (const name of ['setTimeout', 'setInterval']) {
  const real = timers[name]
  timers[name] = globalThis[name] = (callback, milliseconds, ...args) => real(callback, milliseconds / FACTOR, ...args)
  Object.defineProperties(timers[name], Object.getOwnPropertyDescriptors(real))
}
const now = performance.now.bind(performance)
performance.now = () => now() * FACTOR
syncBuiltinESMExports()
