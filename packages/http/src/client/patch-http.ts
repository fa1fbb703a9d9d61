import type { ClientRequest } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { Connection } from './destination.js'

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

const GET_OF_NODE = /^function get\(.*\brequest\(.*\.end\(\)/s

/** Has every call of these modules' `request` and `get` go through a function. @returns what puts the modules back as they were */
export function patchRequest(modules: readonly RequestModule[], around: Around): () => void {
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
    // Another library's `get` stays: its requests are found in other ways.
    if (GET_OF_NODE.test(String(originalGet))) module.get = get
    return () => {
      // If another library has wrapped them since, ours stay below its wrappers, and do nothing more.
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

/**
 * Calls `added` with every request that is given to one of Node's agents, however it was made, and with the options that
 * Node has derived from the program's.
 *
 * @param prototype of those agents
 * @param added must not throw
 * @returns what puts the prototype back as it was
 */
export function patchAddRequest(
  prototype: object,
  added: (request: ClientRequest, connection: Connection) => void,
): () => void {
  const original: unknown = Reflect.get(prototype, 'addRequest')
  if (typeof original !== 'function') return () => {}
  let on = true
  const addRequest = function (this: unknown, request: ClientRequest, options: unknown, ...rest: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, [request, options, ...rest])
    if (on && typeof options === 'object' && options !== null) added(request, options)
    return result
  }
  Reflect.set(prototype, 'addRequest', addRequest)
  return () => {
    on = false
    if (Reflect.get(prototype, 'addRequest') === addRequest) Reflect.set(prototype, 'addRequest', original)
  }
}
