const isAll = process.env['TRACE_TEST_RUNS'] === 'all' || process.env['TRACE_TEST_LONG'] === '1'

/**
 * How many random cases of a property a test tries: all of them where `TRACE_TEST_RUNS=all`, as `.ci/run` sets it, and a quarter elsewhere.
 * Each run of the tests makes other cases.
 */
export function runs(all: number): number {
  return isAll ? all : Math.ceil(all / 4)
}
