import type { Logger } from '../contract/logger.js'
import { writeStandardNow } from './write-now.js'

/**
 * The logger where the program gives none: warns by `process.emitWarning`. While the process exits, when that is too late, it
 * writes to standard error.
 */
export const processLogger: Logger = {
  warn(message) {
    if (exiting) {
      write(message)
      return
    }
    process.emitWarning(message, 'TraceWarning')
    emitted.add(message)
    process.nextTick(() => emitted.delete(message))
  },
}

let exiting = false
/** Warnings that Node shows in the next tick. If the process exits before, it shows none of them. */
const emitted = new Set<string>()

/** Called when the process exits: writes the warnings that Node has not shown, and from now on all others at once. */
export function logSynchronously(): void {
  exiting = true
  for (const message of emitted) write(message)
  emitted.clear()
}

function write(message: string): void {
  // With `--no-warnings` nobody listens.
  if (process.listenerCount('warning') === 0) return
  writeStandardNow(process.stderr, Buffer.from(`(node:${process.pid}) TraceWarning: ${message}\n`))
}
