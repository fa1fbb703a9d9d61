import { setImmediate, setTimeout } from '../values/timers.js'
import { warnSynchronously } from './warnings.js'

/** Something that may hold spans when the process ends. */
export interface Leaver {
  /** The event loop has run dry: the last chance for I/O that takes time. */
  deliver(): void
  /** The process exits: only what is done before this returns is done. */
  exit(): void
}

const leavers = new Set<Leaver>()
let listening = false
let exiting = false
/** How many spans have finished, now and when the event loop last went on after it had run dry. */
let finished = 0
let finishedAwake = 0

/** Learns of the end of the process. One pair of listeners serves all tracers. */
export function watchForExit(): void {
  if (listening) return
  listening = true
  process.prependListener('beforeExit', beforeExit)
  process.on('exit', exit)
}

/** Has a leaver told when the process ends, until {@link forgetLeaver}. */
export function rememberLeaver(leaver: Leaver): void {
  leavers.add(leaver)
}

export function forgetLeaver(leaver: Leaver): void {
  leavers.delete(leaver)
}

export function countFinished(): void {
  finished++
}

/** Whether the leavers have been told that the process exits: what finishes from now on has no event loop to wait for. */
export function isExiting(): boolean {
  return exiting
}

/**
 * Delivers what has finished since the event loop went on; what only listeners of this event have finished is left for the
 * exit, since whatever is delivered wakes the loop, and has them called again.
 */
function beforeExit(): void {
  // The first again next time, so that what other listeners finish is known to come after.
  process.off('beforeExit', beforeExit)
  process.prependListener('beforeExit', beforeExit)
  // Wakes nobody: it runs only if the loop goes on. Bun's `setImmediate` wakes the loop all the same, its `setTimeout` does not.
  const soon = process.versions['bun'] === undefined ? setImmediate(awake) : setTimeout(awake, 0)
  soon.unref()
  if (finished !== finishedAwake) deliver()
}

/** The event loop goes on: because of us, of another copy of this package, or of the program. */
function awake(): void {
  deliver()
  finishedAwake = finished
}

function deliver(): void {
  for (const each of leavers) each.deliver()
}

function exit(): void {
  exiting = true
  warnSynchronously()
  for (const each of leavers) each.exit()
}
