/** Warnings of the process that were caught instead of being shown. */
export interface Warnings {
  readonly count: number
  /** From now on they are shown again. */
  stop(): void
}

/** Catches `process.emitWarning`, through which all of Node warns: what listens to the event hears of it a moment later only. */
export function catchWarnings(): Warnings {
  const { emitWarning } = process
  let count = 0
  process.emitWarning = () => {
    count++
  }
  return {
    get count() {
      return count
    },
    stop: () => {
      process.emitWarning = emitWarning
    },
  }
}
