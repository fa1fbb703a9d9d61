import { tarballsIn } from '../../src/packed.js'

/** The tarball of each package, by its name, as global-setup.mjs has packed it for all test files of a run. */
export const tarballs: ReadonlyMap<string, string> = tarballsIn(process.env['TRACE_TEST_TARBALLS'] ?? '')
