// What Node keeps while Jest loads modules anew for each test file: a browser and its first page, whose start takes three seconds
// of a processor.
let opened

module.exports = {
  /** Whether `close` is called when all test files have run, as it is where they run in one process. */
  isKept: false,

  /** @param {() => Promise<unknown>} open starts the browser, where none is kept */
  open(open) {
    opened ??= open()
    return opened
  },

  async close() {
    // Where there is no browser, a test has said so.
    const last = await opened?.catch(() => undefined)
    opened = undefined
    await last?.browser.close()
  },
}
