import { AsyncLocalStorage } from 'node:async_hooks'

/** Where the process keeps who traces its outgoing requests, for all copies of this package. */
const ACTIVE = Symbol.for('@trace/http/clients/1')
const FETCHING = Symbol.for('@trace/http/fetching/1')

/** Becomes the one who traces outgoing requests, so that none is traced twice. @returns false where somebody else is that */
export function takeTurn(self: symbol): boolean {
  return Reflect.get(globalThis, ACTIVE) === undefined && Reflect.set(globalThis, ACTIVE, self)
}

export function endTurn(self: symbol): void {
  if (Reflect.get(globalThis, ACTIVE) === self) Reflect.deleteProperty(globalThis, ACTIVE)
}

/** Who traces the requests of a `fetch` that is traced by itself, those of its redirects included: an object of any copy. */
export const fetching: AsyncLocalStorage<unknown> = sharedFetching()

function sharedFetching(): AsyncLocalStorage<unknown> {
  const existing: unknown = Reflect.get(globalThis, FETCHING)
  if (existing instanceof AsyncLocalStorage) return existing
  const created = new AsyncLocalStorage<unknown>()
  Object.defineProperty(globalThis, FETCHING, { value: created })
  return created
}
