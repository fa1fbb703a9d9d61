import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from '@jest/globals'
import { type Span, tee } from '@trace/core'
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

/** Rotates with every few spans, and compresses what it has rotated. */
function openRotating(): TestStore {
  const path = newPath()
  const limits = { maxBytes: 1_000, keepFiles: 10_000, gzip: true }
  return { recorder: jsonRecorder({ path, ...limits }), reader: jsonReader({ path }) }
}

function openForeign(): ForeignStore {
  const path = newPath()
  const stream = createWriteStream(path)
  const dispose = (): void => void stream.end()
  return { recorder: jsonRecorder({ stream }), reader: jsonReader({ path }), isOpen: () => stream.writable, dispose }
}

/** Records to two files; the one that is read may be the slower one. */
function openBoth(): TestStore {
  const path = newPath()
  const both = tee(jsonRecorder({ path: newPath() }), jsonRecorder({ path }))
  both.useLogger({ warn: () => {} })
  const record = async (spans: readonly Span[]): Promise<void> => {
    await both.record(spans)
    await both.flush(60_000)
  }
  return { recorder: { name: both.name, record, close: () => both.close() }, reader: jsonReader({ path }) }
}

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open, openForeign, nonFinite: false })) test(name, run)
})

describe('the recorder of files that are rotated', () => {
  for (const { name, run } of recorderSuite({ open: openRotating, nonFinite: false })) test(name, run)
})

describe('the recorder beside another', () => {
  for (const { name, run } of recorderSuite({ open: openBoth, nonFinite: false })) test(name, run)
})

describe('the reader', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})

describe('the reader of files that were rotated', () => {
  for (const { name, run } of readerSuite({ open: openRotating })) test(name, run)
})
