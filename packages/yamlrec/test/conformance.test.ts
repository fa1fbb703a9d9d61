import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from '@jest/globals'
import { type ForeignStore, readerSuite, recorderSuite, type TestStore } from '@trace/testing'
import { yamlReader, yamlRecorder } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'yamlrec-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.yaml`)

function open(): TestStore {
  const path = newPath()
  return { recorder: yamlRecorder({ path }), reader: yamlReader({ path }) }
}

/** Rotates with every few spans, and compresses what it has rotated. */
function openRotating(): TestStore {
  const path = newPath()
  const limits = { maxBytes: 1_000, keepFiles: 10_000, gzip: true }
  return { recorder: yamlRecorder({ path, ...limits }), reader: yamlReader({ path }) }
}

function openForeign(): ForeignStore {
  const path = newPath()
  const stream = createWriteStream(path)
  const dispose = (): void => void stream.end()
  return { recorder: yamlRecorder({ stream }), reader: yamlReader({ path }), isOpen: () => stream.writable, dispose }
}

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open, openForeign })) test(name, run)
})

describe('the recorder of files that are rotated', () => {
  for (const { name, run } of recorderSuite({ open: openRotating })) test(name, run)
})

describe('the reader', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})

describe('the reader of files that were rotated', () => {
  for (const { name, run } of readerSuite({ open: openRotating })) test(name, run)
})
