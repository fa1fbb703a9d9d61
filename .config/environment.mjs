// The environment of test files: Node's own, in which `importByNode` imports a module as Node itself does. Jest loads what tests
// import anew for each test file, which takes seconds where that is a compiler or what drives a browser. Node loads it once for all
// test files that a process runs, and such a module keeps what it keeps from one file to the next.
import asyncHooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import { TestEnvironment } from 'jest-environment-node'
import { endTestFile } from './code-cache.mjs'

const contexts = new Set()

// Before Node 24, each `AsyncLocalStorage` that was ever entered gives a property to each promise and each socket, until it is
// disabled. A test file leaves one or more, and after fifty files they took a third of the processor's time.
if (Number.parseInt(process.versions.node, 10) < 24) {
  const value = class AsyncLocalStorage extends asyncHooks.AsyncLocalStorage {
    constructor(...args) {
      super(...args)
      contexts.add(this)
    }
  }
  // On Node 22 it is a getter.
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value })
  syncBuiltinESMExports()
}

export default class extends TestEnvironment {
  constructor(...args) {
    super(...args)
    this.global.importByNode = (url) => import(url)
  }

  async teardown() {
    await super.teardown()
    for (const context of contexts) context.disable()
    contexts.clear()
    endTestFile()
  }
}
