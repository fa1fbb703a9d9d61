import { clearTimeout, monotonic, setTimeout } from '../values/timers.js'

/** How many seconds have passed since a moment of the monotonic clock. */
export function secondsSince(moment: bigint): number {
  return Number(monotonic() - moment) / 1e9
}

/** Waits for something, for at most so many ms. */
export async function within(timeout: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeout)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
