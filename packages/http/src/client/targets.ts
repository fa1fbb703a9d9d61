import { types } from 'node:util'
import type { OptionRule } from '@trace/core'

/**
 * Which requests carry ids: a host, with a port or without (`example.com`, `example.com:8080`, `[::1]:8080`), in any case; or
 * a pattern, which is matched against the URL's origin and path, without its query: `https://example.com/users/42`.
 */
export type Target = string | RegExp

/** The option `propagateTo`. */
export const propagateToRule: OptionRule = {
  expected:
    'a function of the URL, or a list of regular expressions and of hosts without a scheme, such as "example.com:8080"',
  test: (value) =>
    typeof value === 'function' ||
    (Array.isArray(value) &&
      value.every((item) => types.isRegExp(item) || (typeof item === 'string' && hostOf(item) !== undefined))),
}

/** Whether a request to a URL carries ids. It never throws. */
export function carriesFunction(propagateTo: ((url: URL) => boolean) | readonly Target[]): (url: URL) => boolean {
  if (typeof propagateTo === 'function') {
    return (url) => {
      try {
        return propagateTo(url) === true
      } catch {
        return false
      }
    }
  }
  const tests = propagateTo.map((target) => (typeof target === 'string' ? isHost(target) : isLike(target)))
  return (url) => tests.some((test) => test(url))
}

function isHost(target: string): (url: URL) => boolean {
  const host = hostOf(target)
  return (url) =>
    url.hostname === host?.name && (host.port === undefined || host.port === Number(url.port || defaultPort(url)))
}

function isLike(pattern: RegExp): (url: URL) => boolean {
  return (url) => {
    // A pattern with the flag `g` or `y` would go on from where it matched last.
    pattern.lastIndex = 0
    return pattern.test(url.origin + url.pathname)
  }
}

function defaultPort({ protocol }: URL): number {
  return protocol === 'https:' ? 443 : 80
}

/** @returns the name as URLs spell it; undefined where the text is no host, so that no URL could match */
function hostOf(text: string): { readonly name: string; readonly port: number | undefined } | undefined {
  // Loaded only now, as by `nodeHttp`.
  const { isIPv6 } = process.getBuiltinModule('node:net')
  // `*` may stand in a URL's host, but is always meant as a wildcard.
  const [, name, port] = /^(\[[^[\]]+\]|[^\s:/\\?#@*[\]]+)(?::(\d+))?$/.exec(isIPv6(text) ? `[${text}]` : text) ?? []
  if (name === undefined || !URL.canParse(`http://${name}:${port ?? 80}`)) return undefined
  return { name: new URL(`http://${name}`).hostname, port: port === undefined ? undefined : Number(port) }
}
