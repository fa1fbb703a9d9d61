import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { writeStory } from '../support/story.js'

// What the launcher of the operating system starts, by the variable BROWSER: so the command runs as it is built, in a process of its own.
const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))
const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
const { TRACE_RECORDER: _1, NODE_OPTIONS: _2, DISPLAY: _3, WAYLAND_DISPLAY: _4, ...env } = process.env
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true, force: true, maxRetries: 5 }))

const running: ChildProcessWithoutNullStreams[] = []
const servers: Server[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface View {
  /** Resolves with the line of standard output or error that has a text. */
  line(text: string): Promise<string>
  /** Ends it by Ctrl-C. @returns its exit code, and all that it wrote to standard error */
  end(): Promise<{ code: number | null; err: string }>
}

function view(args: readonly string[], variables: Readonly<Record<string, string>>): View {
  const child = spawn(process.execPath, [bin, 'view', 'inventory.jsonl.gz', ...args], {
    cwd,
    env: { ...env, ...variables },
  })
  running.push(child)
  const written = { out: '', err: '' }
  let look = (): void => {}
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text) => {
      written[name] += text
      look()
    })
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    line: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          const lines = `${written.out}${written.err}`.split('\n').slice(0, -1)
          const found = lines.find((line) => line.includes(text))
          if (found !== undefined) resolve(found)
        }
        look()
        void closed.then(() => reject(new Error(`it ended without ${text}: ${written.out}${written.err}`)))
      }),
    end: async () => {
      child.kill('SIGINT')
      return { code: await closed, err: written.err }
    },
  }
}

interface FakeBrowser {
  readonly path: string
  /** Resolves with its arguments when it is started. */
  readonly started: Promise<readonly string[]>
}

/** A program that tells a server of this test what it was started with. */
async function fakeBrowser(name: string): Promise<FakeBrowser> {
  const path = join(cwd, name)
  let tell = (_args: readonly string[]): void => {}
  const started = new Promise<readonly string[]>((resolve) => (tell = resolve))
  const server = createServer((req, res) => {
    tell(JSON.parse(decodeURIComponent(req.url?.slice(1) ?? '')))
    res.end()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const script = `fetch('http://127.0.0.1:${port}/' + encodeURIComponent(JSON.stringify(process.argv.slice(1))))`
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' -e "${script}" -- "$@"\n`, { mode: 0o755 })
  return { path, started }
}

test('opens the browser at the address that it prints, which is that of the trace', async () => {
  const browser = await fakeBrowser('browser')
  const shown = view(['last-error'], { BROWSER: browser.path })
  const url = await shown.line('http://')
  expect(await browser.started).toEqual([url])
  expect(new URL(url).searchParams.get('trace')).toMatch(/^\d+$/)
  expect((await fetch(url)).status).toBe(200)
  const { code, err } = await shown.end()
  expect(code).toBe(0)
  expect(err).not.toContain('cannot open')
})

test('says so where there is no browser, and shows the page all the same', async () => {
  const shown = view([], { BROWSER: '', PATH: join(cwd, 'nothing-is-here') })
  const url = await shown.line('http://')
  expect(await shown.line('cannot open a browser')).toContain('open the address yourself')
  expect((await fetch(url)).status).toBe(200)
  expect((await shown.end()).code).toBe(0)
})

test('starts none with --no-open', async () => {
  const marker = join(cwd, 'was-started')
  const path = join(cwd, 'marks')
  writeFileSync(path, `#!/bin/sh\n: > '${marker}'\n`, { mode: 0o755 })
  const shown = view(['--no-open'], { BROWSER: path })
  expect((await fetch(await shown.line('http://'))).status).toBe(200)
  expect((await shown.end()).code).toBe(0)
  expect(existsSync(marker)).toBe(false)
  // That file would tell.
  const opened = view([], { BROWSER: path })
  await opened.line('http://')
  while (!existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await opened.end()).code).toBe(0)
})

test('a real browser runs the page at that address', async () => {
  if (!existsSync(CHROMIUM))
    throw new Error('this test needs Chromium: install it (apt-get install chromium), or name it in CHROMIUM')
  const [dom, path] = [join(cwd, 'dom.html'), join(cwd, 'chromium')]
  const browser = await fakeBrowser('chromium-has-ended')
  const options = `--headless --no-sandbox --disable-gpu --user-data-dir='${cwd}/profile' --dump-dom`
  writeFileSync(path, `#!/bin/sh\n'${CHROMIUM}' ${options} "$1" > '${dom}' 2> /dev/null\n'${browser.path}' "$1"\n`, {
    mode: 0o755,
  })
  const shown = view([], { BROWSER: path })
  await browser.started
  expect(readFileSync(dom, 'utf8')).toMatch(/<h1><a href="\?">Traces<\/a><\/h1>[\s\S]*<main class="list"/)
  expect((await shown.end()).code).toBe(0)
})
