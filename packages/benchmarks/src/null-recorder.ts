import type { Recorder } from '@trace/core'

/** A recorder that keeps nothing. */
export function nullRecorder(): Recorder {
  return {
    name: 'null',
    record: () => {},
    recordSync: () => {},
  }
}

/** A recorder that is busy with its first batch until it is told to go on: what is behind that stays queued. */
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

/** For workloads that must not have lost spans, since dropping them is cheaper than keeping them. */
export function assertNone(lost: number): void {
  if (lost > 0) throw new Error(`${lost} spans were dropped`)
}
