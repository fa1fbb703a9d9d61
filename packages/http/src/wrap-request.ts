import type { ClientRequest } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

/** `node:http` or `node:https`. */
interface RequestModule {
  readonly globalAgent: object
  request: (...args: never[]) => ClientRequest
  get: (...args: never[]) => ClientRequest
}

/** Makes a request, by calling `make` once. @param protocol the module's: `http:` or `https:` */
export type Around = (
  make: (args: readonly unknown[]) => ClientRequest,
  args: readonly unknown[],
  protocol: string,
) => ClientRequest

/** Has every call of these modules' `request` and `get` go through a function. @returns what puts the modules back as they were */
export function wrapRequests(modules: readonly RequestModule[], around: Around): () => void {
  let on = true
  const undo = modules.map((module) => {
    const { request: originalRequest, get: originalGet } = module
    const protocol = String(Reflect.get(module.globalAgent, 'protocol'))
    function request(this: unknown, ...args: unknown[]): ClientRequest {
      const make = (changed: readonly unknown[]) => Reflect.apply(originalRequest, this, changed)
      return on ? around(make, args, protocol) : make(args)
    }
    // Node's own `get` would call its own `request`.
    function get(this: unknown, ...args: unknown[]): ClientRequest {
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
