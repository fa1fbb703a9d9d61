// The environment of test files: Node's own, in which `importByNode` imports a module as Node itself does. Jest loads what tests
// import anew for each test file, which takes seconds where that is a compiler or what drives a browser. Node loads it once for all
// test files that a process runs, and such a module keeps what it keeps from one file to the next.
import { TestEnvironment } from 'jest-environment-node'
import { endTestFile } from './code-cache.mjs'

export default class extends TestEnvironment {
  constructor(...args) {
    super(...args)
    this.global.importByNode = (url) => import(url)
  }

  async teardown() {
    await super.teardown()
    endTestFile()
  }
}
