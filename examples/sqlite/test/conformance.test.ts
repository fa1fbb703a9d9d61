import { describe, test } from '@jest/globals'
import { type ForeignStore, readerSuite, recorderSuite, type TestStore } from '@trace/testing'
import { storeOf } from '../src/database.js'
import { sqliteReader, sqliteRecorder } from '../src/index.js'
import { newPath } from './support/files.js'

function open(): TestStore {
  const path = newPath()
  return { recorder: sqliteRecorder({ path }), reader: sqliteReader({ path }) }
}

function openForeign(): ForeignStore {
  const database = storeOf('test', { path: newPath() }).open('', true)
  const isOpen = (): boolean => database.prepare('SELECT 1').all().length === 1
  const dispose = (): void => void database.close()
  return { recorder: sqliteRecorder({ database }), reader: sqliteReader({ database }), isOpen, dispose }
}

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open, openForeign, nonFinite: false })) test(name, run)
})

describe('the reader', () => {
  for (const { name, run } of readerSuite({ open })) test(name, run)
})
