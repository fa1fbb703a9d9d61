import { logSynchronously } from '../values/process-logger.js'
import { setImmediate, setTimeout } from '../values/timers.js'

/** Is called when the process ends. */
export interface ExitHook {
  /** The event loop is empty: the last chance for asynchronous I/O. */
  deliver(): void
  /** The process exits: only synchronous work is done. */
  exit(): void
}

const hooks = new Set<ExitHook>()
let listening = false
let exiting = false
/** How many spans have finished: in all, and when the event loop last went on after it had been empty. */
let finished = 0
let finishedAwake = 0

/** Listens for the end of the process. One pair of listeners serves all tracers. */
export function watchForExit(): void {
  if (listening) return
  listening = true
  process.prependListener('beforeExit', beforeExit)
  process.on('exit', exit)
  if (process.versions['deno'] !== undefined) process.on('uncaughtExceptionMonitor', uncaught)
}

/** Adds a hook, until {@link removeExitHook}. */
export function addExitHook(hook: ExitHook): void {
  hooks.add(hook)
}

export function removeExitHook(hook: ExitHook): void {
  hooks.delete(hook)
}

export function countFinished(): void {
  finished++
}

/** Whether the process exits and the hooks have been called: for what finishes from now on, there is no event loop any more. */
export function isExiting(): boolean {
  return exiting
}

/**
 * Delivers what has finished since the event loop went on. What only listeners of this event have finished waits for the exit:
 * delivering it would wake the loop, and they would be called again.
 */
function beforeExit(): void {
  // Ours is to be the first again next time, so that what other listeners finish comes after it.
  process.off('beforeExit', beforeExit)
  process.prependListener('beforeExit', beforeExit)
  // This must not keep the loop going. On Bun `setImmediate` does, even with `unref`, but `setTimeout` does not.
  const soon = process.versions['bun'] === undefined ? setImmediate(awake) : setTimeout(awake, 0)
  soon.unref()
  if (finished !== finishedAwake) deliver()
}

/** Called when the event loop goes on, because of us, of another copy of this package, or of the program. */
function awake(): void {
  deliver()
  finishedAwake = finished
}

function deliver(): void {
  for (const each of hooks) each.deliver()
}

function exit(): void {
  exiting = true
  store()
}

/** Deno ends a process by an error without `exit`. A program that takes the error itself goes on. */
function uncaught(): void {
  if (process.listenerCount('uncaughtException') === 0) store()
}

function store(): void {
  logSynchronously()
  for (const each of hooks) each.exit()
}
