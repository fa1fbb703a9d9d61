import { rmSync } from 'node:fs'

export default function tearDown() {
  rmSync(process.env.TRACE_TEST_TARBALLS, { recursive: true, force: true })
}
