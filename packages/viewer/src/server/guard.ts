import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Names of the machine itself: a page of another site can have a name of its own point here, and be refused for its name. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Why a request is not answered; undefined where it is.
 *
 * @param hosts names by which the page may be reached, besides those of the machine itself
 */
export function refusal(
  req: IncomingMessage,
  hosts: readonly string[],
): { status: number; message: string } | undefined {
  if (req.method !== 'GET' && req.method !== 'HEAD')
    return { status: 405, message: 'The page answers GET and HEAD only.' }
  const name = hostName(req.headers.host)
  if (name === undefined || !(LOCAL_NAMES.includes(name) || name.endsWith('.localhost') || hosts.includes(name))) {
    const host = name === undefined ? 'no host' : 'that host'
    const message = `This page is not served under ${host}. If it should be, name the host in the option "hosts".`
    return { status: 403, message }
  }
  // What the page asks for itself says same-origin, an address that was typed says none.
  const site = req.headers['sec-fetch-site']
  if (site === 'cross-site' && req.headers['sec-fetch-dest'] !== 'document') {
    return { status: 403, message: 'Other sites may not read this page.' }
  }
  return undefined
}

/** Without its port. */
function hostName(host: string | undefined): string | undefined {
  const found = /^(\[[0-9a-f:.]+\]|[^:[\]/]+)(?::\d+)?$/i.exec(host ?? '')?.[1]?.toLowerCase()
  if (found === undefined || isIP(found.replace(/^\[|\]$/g, '')) !== 0 || /^[\w.-]+$/.test(found)) return found
  return undefined
}

/** Of every answer: nothing runs but the page's own script, and nobody frames it or learns where it was. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}
