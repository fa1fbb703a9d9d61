import { type ClientRequest, OutgoingMessage } from 'node:http'

/** What is told of requests. Nothing of it may throw. */
export interface Watcher {
  /** Something is about to be sent: the head, if that has not been before. */
  sending(request: ClientRequest): void
  /** An event is about to be emitted. @param value the first that it carries */
  emitting(request: ClientRequest, event: unknown, value: unknown): void
}

/** All ways of sending a head that is not sent as the request is made (https://nodejs.org/api/http.html). */
const SENDING = ['write', 'end', 'flushHeaders'] as const

/**
 * Watches requests without listeners, which a program can see: it may count them, remove all of them, or be warned of too many.
 * So methods are wrapped instead, once for all requests of a prototype.
 */
export class WatchedRequests {
  readonly #watcher: Watcher
  readonly #wrapped = new Map<object, readonly (() => void)[]>()

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  /** @returns false for what cannot be watched, since it is no request of Node's */
  watch(request: unknown): boolean {
    try {
      const prototype = prototypeOf(request)
      if (prototype === undefined) return false
      if (!this.#wrapped.has(prototype)) this.#wrapped.set(prototype, this.#wrap(prototype))
      return true
    } catch {
      return false
    }
  }

  /** Puts all prototypes back as they were. */
  stop(): void {
    for (const undo of this.#wrapped.values()) for (const each of undo) each()
    this.#wrapped.clear()
  }

  #wrap(prototype: object): readonly (() => void)[] {
    const watcher = this.#watcher
    return [
      ...SENDING.map((name) => wrapMethod(prototype, name, (request) => watcher.sending(request))),
      wrapMethod(prototype, 'emit', (request, args) => watcher.emitting(request, args[0], args[1])),
    ]
  }
}

/** The prototype of `ClientRequest`, or of a class that replaces it. */
function prototypeOf(request: unknown): object | undefined {
  let prototype: object | null = Object.getPrototypeOf(Object(request))
  while (prototype !== null) {
    const above: object | null = Object.getPrototypeOf(prototype)
    if (above === OutgoingMessage.prototype) return prototype
    prototype = above
  }
  return undefined
}

/** @param before is called first, with `this` and what the method is called with */
function wrapMethod(
  prototype: object,
  name: string,
  before: (self: ClientRequest, args: readonly unknown[]) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name)
  function wrapper(this: ClientRequest, ...args: unknown[]): unknown {
    before(this, args)
    // The inherited method may have been wrapped since.
    const method: unknown = own === undefined ? Reflect.get(Object.getPrototypeOf(prototype), name) : own.value
    return typeof method === 'function' ? Reflect.apply(method, this, args) : undefined
  }
  Object.defineProperty(prototype, name, { value: wrapper, writable: true, enumerable: false, configurable: true })
  return () => {
    // If another library has wrapped it since, this wrapper stays below that one, and does nothing more.
    if (Object.getOwnPropertyDescriptor(prototype, name)?.value !== wrapper) return
    if (own === undefined) Reflect.deleteProperty(prototype, name)
    else Object.defineProperty(prototype, name, own)
  }
}
