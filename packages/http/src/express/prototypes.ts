import { nodeHttp } from '../values/node-http.js'

/**
 * The prototype of requests, or of responses, that all applications of Express have in common, and that programs may add to: what is
 * wrapped there need not be wrapped on each, which costs more in Express than all the rest of a span. An application's own
 * prototype would not do: a request that is handed to another application becomes one of that's.
 *
 * @returns undefined where it is no request of Express's
 */
export function sharedPrototypeOf<Message extends object>(message: Message): Message | undefined {
  let prototype: Message | null = Object.getPrototypeOf(message)
  if (prototype === null || !Object.hasOwn(prototype, 'app')) return undefined
  const { IncomingMessage, ServerResponse } = nodeHttp()
  for (;;) {
    const above: Message | null = Object.getPrototypeOf(prototype)
    if (above === null) return undefined
    if (above === IncomingMessage.prototype || above === ServerResponse.prototype) break
    prototype = above
  }
  return Object.isExtensible(prototype) ? prototype : undefined
}
