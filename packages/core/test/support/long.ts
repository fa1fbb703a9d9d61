/** Whether the tests may take long: `TRACE_TEST_LONG=1`. */
export const isLong: boolean = process.env['TRACE_TEST_LONG'] === '1'
