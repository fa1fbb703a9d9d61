import http from 'node:http'
import axios from 'axios'
import follow from 'follow-redirects'
import got from 'got'
import ky from 'ky'
import needle from 'needle'
import nodeFetch from 'node-fetch'
import superagent from 'superagent'

/** What a client must do. */
export interface Ask {
  readonly headers?: Readonly<Record<string, string>>
  /** In ms. */
  readonly timeout?: number
}

/** Requests a URL, follows redirects, and reads the response. */
export type Client = (url: string, ask?: Ask) => Promise<unknown>

function byFollowRedirects(url: string, { headers, timeout }: Ask = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = follow.http.get(url, { ...(headers && { headers }) }, (answer) => {
      answer.on('error', reject).on('end', resolve).resume()
    })
    request.on('error', reject)
    if (timeout !== undefined) request.setTimeout(timeout, () => request.destroy())
  })
}

/** Well-known clients with their default settings, except that none retries. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  fetch: (url, { timeout, ...ask } = {}) =>
    fetch(url, { ...ask, ...(timeout !== undefined && { signal: AbortSignal.timeout(timeout) }) }).then((answer) =>
      answer.text(),
    ),
  axios: (url, ask) => axios.get(url, ask),
  'axios by fetch': (url, ask) => axios.get(url, { ...ask, adapter: 'fetch' }),
  'follow-redirects': byFollowRedirects,
  got: (url, { timeout, ...ask } = {}) =>
    got(url, { ...ask, retry: { limit: 0 }, ...(timeout !== undefined && { timeout: { request: timeout } }) }).text(),
  'got with an agent': (url, { timeout, ...ask } = {}) =>
    got(url, { ...ask, retry: { limit: 0 }, agent: { http: new http.Agent({ keepAlive: true, timeout }) } }).text(),
  ky: (url, ask) => ky(url, { ...ask, retry: 0 }).text(),
  needle: (url, { headers, timeout } = {}) =>
    needle('get', url, { follow_max: 5, headers: { ...headers }, response_timeout: timeout ?? 0 }),
  'node-fetch': (url, { headers, timeout } = {}) =>
    nodeFetch(url, {
      ...(headers && { headers }),
      ...(timeout !== undefined && { signal: AbortSignal.timeout(timeout) }),
    }).then((answer) => answer.text()),
  superagent: (url, { headers = {}, timeout = 0 } = {}) => superagent.get(url).set(headers).timeout(timeout),
}
