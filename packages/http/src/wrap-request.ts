import type { ClientRequest } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

/** `node:http` or `node:https`. */
interface RequestModule {
  request: (...args: never[]) => ClientRequest
  get: (...args: never[]) => ClientRequest
}

/**
 * Tells of every request made by these modules, where Node has no channel for it.
 *
 * @param tell is called with a request whose headers have not been sent
 * @returns what puts the modules back as they were
 */
export function wrapRequests(
  modules: readonly RequestModule[],
  tell: (message: { request: ClientRequest }) => void,
): () => void {
  let on = true
  const undo = modules.map((module) => {
    const { request: originalRequest, get: originalGet } = module
    function request(this: unknown, ...args: never[]): ClientRequest {
      const made = Reflect.apply(originalRequest, this, args)
      if (on) tell({ request: made })
      return made
    }
    // Node's own `get` would call its own `request`.
    function get(this: unknown, ...args: never[]): ClientRequest {
      const made = request.apply(this, args)
      made.end()
      return made
    }
    module.request = request
    module.get = get
    return () => {
      // Who has wrapped them since then keeps what they wrapped, which now does nothing more.
      if (module.request === request) module.request = originalRequest
      if (module.get === get) module.get = originalGet
    }
  })
  syncBuiltinESMExports()
  return () => {
    on = false
    for (const each of undo) each()
    syncBuiltinESMExports()
  }
}
