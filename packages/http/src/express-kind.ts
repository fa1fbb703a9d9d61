import { nodeHttp } from './node-http.js'

/**
 * The kind of requests, or of responses, that all applications of Express have in common, and that programs may add to: what is
 * wrapped there need not be wrapped on each, which costs more in Express than all the rest of a span. An application's own
 * kind would not do: a request that is handed to another application becomes one of that's.
 *
 * @returns undefined where it is no request of Express's
 */
export function kindOf<Kind extends object>(each: Kind): Kind | undefined {
  let kind: Kind | null = Object.getPrototypeOf(each)
  if (kind === null || !Object.hasOwn(kind, 'app')) return undefined
  const { IncomingMessage, ServerResponse } = nodeHttp()
  for (;;) {
    const above: Kind | null = Object.getPrototypeOf(kind)
    if (above === null) return undefined
    if (above === IncomingMessage.prototype || above === ServerResponse.prototype) break
    kind = above
  }
  return Object.isExtensible(kind) ? kind : undefined
}
