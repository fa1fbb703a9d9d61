import { describe, test } from '@jest/globals'
import { memoryRecorder, type Recorder, tee } from '@trace/core'
import { readerSuite, recorderSuite } from '../../src/index.js'

const stuck: Recorder = { name: 'stuck', record: () => new Promise(() => {}), recordSync: () => {} }
const broken: Recorder = {
  name: 'broken',
  record: () => {
    throw new Error('no')
  },
}

/** What a store has that is recorded to beside two that do not work. */
function open() {
  const memory = memoryRecorder()
  const both = tee({ ...stuck }, memory, { ...broken })
  both.useLogger({ warn: () => {} })
  // The suite closes it, and the stuck one would be waited for.
  return { recorder: { ...methodsOf(both), close: () => both.close(1) }, reader: memory }
}

function methodsOf(recorder: Recorder): Recorder {
  const { name, durable = false } = recorder
  return {
    name,
    durable,
    record: (spans) => recorder.record(spans),
    recordSync: (spans) => recorder.recordSync?.(spans),
  }
}

describe('a recorder of several stores, read in one of them', () => {
  for (const { name, run } of recorderSuite({ open, poison: false })) test(name, run)
})

describe('the reader of one of several stores', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})
