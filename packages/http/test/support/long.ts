/** Whether the tests have all the time that they want: `TRACE_TEST_LONG=1`. */
export const isLong: boolean = process.env['TRACE_TEST_LONG'] === '1'
