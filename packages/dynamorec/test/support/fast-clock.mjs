// Preloaded by `--import`: lets the timers of a process run as many times as fast as FAST_CLOCK says.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'

const FACTOR = Number(process.env.FAST_CLOCK)

for (const name of ['setTimeout', 'setInterval']) {
  const real = timers[name]
  timers[name] = globalThis[name] = (callback, milliseconds, ...args) => real(callback, milliseconds / FACTOR, ...args)
  Object.defineProperties(timers[name], Object.getOwnPropertyDescriptors(real))
}
const now = performance.now.bind(performance)
performance.now = () => now() * FACTOR
syncBuiltinESMExports()
