import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pack } from '../../dist/packed.js'

/** Packs the packages once for all test files of a run, inside this package. */
export default async function setUp() {
  const folder = fileURLToPath(new URL('../../.packed/tarballs', import.meta.url))
  rmSync(folder, { recursive: true, force: true })
  await pack(folder)
  process.env.TRACE_TEST_TARBALLS = folder
}
