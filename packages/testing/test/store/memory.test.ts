import { describe, test } from '@jest/globals'
import { memoryRecorder } from '@trace/core'
import { readerSuite, recorderSuite } from '../../src/index.js'

function open() {
  const memory = memoryRecorder()
  return { recorder: memory, reader: memory }
}

describe('the recorder in memory', () => {
  for (const { name, run } of recorderSuite({ open, poison: false })) test(name, run)
})

describe('the reader in memory', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})
