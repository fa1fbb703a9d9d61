import { executionAsyncResource } from 'node:async_hooks'

let kept: object | undefined

/**
 * Keeps `process.nextTick` as fast as it is in a young process. Node makes an object for every call, and V8 forgets how to
 * make it fast, for good, where garbage is collected while none is alive: from then on a call takes up to ten times as long
 * (Node 20 to 26), and a request makes several. So one is kept alive.
 */
export function keepTicksFast(): void {
  if (kept !== undefined) return
  process.nextTick(() => {
    kept = executionAsyncResource()
  })
}
