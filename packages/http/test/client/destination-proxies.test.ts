import http, { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import axios from 'axios'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import * as undici from 'undici'
import { base, clientSpans, ended, on, port, receivedIds, requestIds, whereOf } from '../support/client-stand.js'
import { type ForwardProxy, forwardProxy } from '../support/forward-proxy.js'

let proxy: ForwardProxy

beforeAll(async () => {
  proxy = await forwardProxy()
})
afterAll(() => proxy.close())

/** Node 20 and its types do not have this option. */
function agentByEnvironment(url: string): Agent {
  const options: object = { proxyEnv: { HTTP_PROXY: url } }
  return new Agent(options)
}

describe('a proxy', () => {
  const [byProxy, byTarget] = [() => `127.0.0.1:${proxy.port}`, () => `localhost:${port()}`]

  test.each<[string, () => readonly string[], boolean]>([
    ['both', () => [byProxy(), byTarget()], true],
    ['the proxy alone', () => [byProxy()], false],
    ['the target alone', () => [byTarget()], false],
  ])(
    'that is sent a whole URL is where it goes, and gets ids where they may go to both: %s',
    async (_what, targets, carried) => {
      on({ propagateTo: targets() })
      const options = { host: '127.0.0.1', port: proxy.port, path: `${base}/a?b`, headers: { Host: byTarget() } }
      const before = proxy.asked.length
      const spans = await clientSpans(() => ended(() => http.request(options)))
      expect(whereOf(spans)).toEqual([[`GET ${byProxy()}`, '127.0.0.1', proxy.port, '/a']])
      expect(proxy.asked.slice(before).map(({ headers }) => headers['x-request-id'] !== undefined)).toEqual([carried])
    },
  )

  test.each<[string, () => Agent]>([
    ['http-proxy-agent', () => new HttpProxyAgent(proxy.url)],
    ['https-proxy-agent', () => new HttpsProxyAgent(proxy.url)],
    // Node has it from 22.21 and 24.5 on. Older releases send the request directly to its target.
    ['an agent of Node by its environment', () => agentByEnvironment(proxy.url)],
  ])('that an agent goes through is not where a request goes: %s', async (_what, agent) => {
    on({ propagateTo: [byTarget()] })
    const spans = await clientSpans(() =>
      ended(() => http.request(`${base}/a?b`, { agent: agent(), headers: { Connection: 'close' } })),
    )
    expect(whereOf(spans)).toEqual([[`GET ${byTarget()}`, 'localhost', port(), '/a']])
    expect(spans[0]?.data['http.response.status_code']).toBe(200)
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test.each<[string, () => undici.Dispatcher]>([
    ['ProxyAgent', () => new undici.ProxyAgent(proxy.url)],
    ['EnvHttpProxyAgent', () => new undici.EnvHttpProxyAgent({ httpProxy: proxy.url })],
  ])("of undici's is not where a request goes: %s", async (_what, make) => {
    on({ propagateTo: [byTarget()] })
    const dispatcher = make()
    const before = proxy.asked.length
    const spans = await clientSpans(() => undici.fetch(`${base}/a?b`, { dispatcher }).then((answer) => answer.text()))
    await dispatcher.destroy()
    expect(proxy.asked.length).toBeGreaterThan(before)
    expect(whereOf(spans)).toEqual([[`GET ${byTarget()}`, 'localhost', port(), '/a']])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test("of axios' is sent a whole URL", async () => {
    on({ propagateTo: [byProxy(), byTarget()] })
    const spans = await clientSpans(() => axios.get(`${base}/a?b`, { proxy: { host: '127.0.0.1', port: proxy.port } }))
    expect(whereOf(spans)).toEqual([[`GET ${byProxy()}`, '127.0.0.1', proxy.port, '/a']])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test("of undici's without a tunnel is sent a whole URL too", async () => {
    on({ propagateTo: [byProxy(), byTarget()] })
    const dispatcher = new undici.ProxyAgent({ uri: proxy.url, proxyTunnel: false })
    const spans = await clientSpans(() => undici.fetch(`${base}/a?b`, { dispatcher }).then((answer) => answer.text()))
    await dispatcher.destroy()
    expect(whereOf(spans)).toEqual([[`GET ${byProxy()}`, '127.0.0.1', proxy.port, '/a']])
    expect(receivedIds()).toEqual(requestIds(spans))
  })
})
