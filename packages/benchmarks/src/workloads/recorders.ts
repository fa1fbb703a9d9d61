import type { Recorder } from '@trace/core'

/** A recorder that keeps nothing. */
export function nullRecorder(): Recorder {
  return {
    name: 'null',
    record: () => {},
    recordSync: () => {},
  }
}

/** A recorder that does not finish its batch between `hold` and `release`, so that later spans stay queued. */
export function heldRecorder(): { readonly recorder: Recorder; release(): void; hold(): void } {
  let release = (): void => {}
  let gate = Promise.resolve()
  return {
    recorder: { name: 'held', record: () => gate, recordSync: () => {} },
    release: () => release(),
    hold: () => {
      gate = new Promise((resolve) => {
        release = resolve
      })
    },
  }
}

/**
 * Dropping a span is cheaper than keeping it, so a workload that drops spans proves nothing.
 *
 * @throws {Error} if spans were lost
 */
export function assertNone(lost: number): void {
  if (lost > 0) throw new Error(`${lost} spans were dropped`)
}
