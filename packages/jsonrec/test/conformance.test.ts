import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from '@jest/globals'
import { type ForeignStore, readerSuite, recorderSuite, type TestStore } from '@trace/testing'
import { jsonReader, jsonRecorder } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'jsonrec-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.jsonl`)

function open(): TestStore {
  const path = newPath()
  return { recorder: jsonRecorder({ path }), reader: jsonReader({ path }) }
}

function openForeign(): ForeignStore {
  const path = newPath()
  const stream = createWriteStream(path)
  const dispose = (): void => void stream.end()
  return { recorder: jsonRecorder({ stream }), reader: jsonReader({ path }), isOpen: () => stream.writable, dispose }
}

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open, openForeign, nonFinite: false })) test(name, run)
})

describe('the reader', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})
