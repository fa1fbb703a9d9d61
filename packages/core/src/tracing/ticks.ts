import { executionAsyncResource } from 'node:async_hooks'

let keptTick: object | undefined

/**
 * Keeps `process.nextTick` as fast as it is in a young process. Node creates an object for each call. If none is alive when
 * garbage is collected, V8 forgets for good how to create it fast: a call then takes up to ten times as long (Node 20 to 26), and
 * a request makes several. So this keeps one alive.
 */
export function keepTicksFast(): void {
  if (keptTick !== undefined) return
  process.nextTick(() => {
    keptTick = executionAsyncResource()
  })
}
