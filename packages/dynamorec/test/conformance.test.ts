import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { type ForeignStore, readerSuite, recorderSuite, type TestStore } from '@trace/testing'
import { dynamoReader, dynamoRecorder } from '../src/index.js'
import { ABILITIES, type Engine, reachEngine } from './support/engine.js'

let engine: Engine
beforeAll(async () => {
  engine = await reachEngine()
})
afterAll(() => engine.close())

async function open(): Promise<TestStore> {
  const table = await engine.newTable()
  return { recorder: dynamoRecorder({ table }), reader: dynamoReader({ table }) }
}

async function openForeign(): Promise<ForeignStore> {
  const table = await engine.newTable()
  const client = DynamoDBDocumentClient.from(engine.client)
  const isOpen = async (): Promise<boolean> => (await dynamoReader({ table, client }).traces()).traces.length > 0
  return { recorder: dynamoRecorder({ table, client }), reader: dynamoReader({ table, client }), isOpen }
}

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open, openForeign, ...ABILITIES })) test(name, run)
})

describe('the reader, by scans', () => {
  for (const { name, run } of readerSuite({ open, ...ABILITIES })) test(name, run)
})
