/** V8 keeps the shapes of objects through two collections that find none of them alive (its flag retain-maps-for-n-gc). */
const COLLECTIONS = 3

/**
 * Has all garbage collected at a moment when the process has nothing to do, as happens to each that runs for hours. It is
 * not the same afterwards: `process.nextTick`, of which a request needs several, then takes up to ten times as long.
 */
export function collectGarbage(): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      const { gc } = globalThis
      if (gc === undefined) return reject(new Error('garbage is collected with --expose-gc'))
      for (let done = 0; done < COLLECTIONS; done++) gc()
      return resolve()
    }, 1)
  })
}
