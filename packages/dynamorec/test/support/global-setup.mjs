import { startEngineProcess } from './engine-process.mjs'

/** Starts one engine for all test files of a run: each start takes a second of both cores. */
export default async function setUp() {
  const { name, url, temporary, stop } = await startEngineProcess()
  process.env.TRACE_TEST_ENGINE = JSON.stringify({ name, url, temporary })
  globalThis.engine = { temporary, stop }
  process.stderr.write(`these tests run against ${name}\n`)
}
