import { request } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { memoryRecorder } from '@trace/core'
import { type StartedViewer, startViewer } from '../../dist/index.js'

const started: StartedViewer[] = []
afterEach(async () => {
  for (const viewer of started.splice(0)) await viewer.close()
})

async function start(port = 0): Promise<URL> {
  const viewer = await startViewer({ reader: memoryRecorder(), port })
  started.push(viewer)
  return new URL(viewer.url)
}

function status(url: URL | string, host?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, host === undefined ? {} : { headers: { host } }, (res) => {
      res.resume()
      resolve(res.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('serves the page and the store on 127.0.0.1, under a path that is another one each time', async () => {
  const [url, other] = [await start(), await start()]
  expect(url.hostname).toBe('127.0.0.1')
  expect(url.pathname).toMatch(/^\/[\w-]{22}\/$/)
  expect(other.pathname).not.toBe(url.pathname)
  for (const path of ['', 'page.js', 'api/traces']) expect(await status(new URL(path, url))).toBe(200)
})

test('answers nothing to who does not know that path, or comes by a name of another site', async () => {
  const url = await start()
  const wrong = url.pathname.replace(/^\/./, url.pathname[1] === 'a' ? '/b' : '/a')
  for (const path of ['/', '/api/traces', '/page.js', wrong, `${wrong}api/traces`, `/x${url.pathname}`, '/%']) {
    expect([path, await status(`${url.origin}${path}`)]).toEqual([path, 404])
  }
  expect(await status(url, 'evil.example')).toBe(403)
  expect(await status(url, `localhost:${url.port}`)).toBe(200)
})

test('rejects where the port is taken, and frees it when it is closed', async () => {
  const port = Number((await start()).port)
  await expect(start(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await started.pop()?.close()
  expect((await start(port)).port).toBe(String(port))
})

test('refuses options that cannot be right', async () => {
  await expect(startViewer({ reader: memoryRecorder(), port: 70_000 })).rejects.toMatchObject({
    code: 'TRACE_BAD_OPTION',
  })
})
