import { warnSynchronously } from './warnings.js'

/** Something that may hold spans when the process ends. */
export interface Leaver {
  /** The event loop has run dry: the last chance for I/O that takes time. */
  beforeExit(): void
  /** The process exits: only what is done before this returns is done. */
  exit(): void
}

const leavers = new Set<Leaver>()
let listening = false
let exiting = false

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

/** Whether the leavers have been told that the process exits: what finishes from now on has no event loop to wait for. */
export function isExiting(): boolean {
  return exiting
}

function beforeExit(): void {
  for (const each of leavers) each.beforeExit()
  // The first again next time, so that what other listeners finish is known to come after.
  process.off('beforeExit', beforeExit)
  process.prependListener('beforeExit', beforeExit)
}

function exit(): void {
  exiting = true
  warnSynchronously()
  for (const each of leavers) each.exit()
}
