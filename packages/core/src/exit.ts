import { warnSynchronously } from './warnings.js'

/** Something that still holds spans when the process ends. */
export interface Leaver {
  /** The event loop has run dry: the last chance for I/O that takes time. */
  beforeExit(): void
  /** The process exits: only what is done before this returns is done. */
  exit(): void
}

const leavers = new Set<Leaver>()
let listening = false

/** Has a leaver told when the process ends, until {@link forgetLeaver}. One pair of listeners serves all tracers. */
export function rememberLeaver(leaver: Leaver): void {
  leavers.add(leaver)
  if (listening) return
  listening = true
  process.on('beforeExit', () => {
    for (const each of leavers) each.beforeExit()
  })
  process.on('exit', () => {
    warnSynchronously()
    for (const each of leavers) each.exit()
  })
}

export function forgetLeaver(leaver: Leaver): void {
  leavers.delete(leaver)
}
