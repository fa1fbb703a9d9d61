/** Whether tests leave nothing out that they try elsewhere only in part: `TRACE_TEST_RUNS=all`, as `.ci/run` sets it. */
export const isAll: boolean = process.env['TRACE_TEST_RUNS'] === 'all' || process.env['TRACE_TEST_LONG'] === '1'

/** How many random cases of a property a test tries: a quarter where it leaves some out. Each run of the tests makes other cases. */
export function runs(all: number): number {
  return isAll ? all : Math.ceil(all / 4)
}
