import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { type ForeignStore, readerSuite, recorderSuite, type TestStore } from '@trace/testing'
import { dynamoReader, dynamoRecorder } from '../src/index.js'
import { type Engine, reachEngine } from './support/engine.js'

let engine: Engine
beforeAll(async () => {
  engine = await reachEngine()
})
afterAll(() => engine.close())

const open = (index: boolean) => async (): Promise<TestStore> => {
  const table = await engine.newTable({ index })
  return { recorder: dynamoRecorder({ table }), reader: dynamoReader({ table }) }
}

async function openForeign(): Promise<ForeignStore> {
  const table = await engine.newTable()
  const client = DynamoDBDocumentClient.from(engine.client)
  const isOpen = async (): Promise<boolean> => (await dynamoReader({ table, client }).traces()).traces.length > 0
  return { recorder: dynamoRecorder({ table, client }), reader: dynamoReader({ table, client }), isOpen }
}

// DynamoDB has no -0, no NaN, 38 digits, and exponents up to 125.
const abilities = { nonFinite: false, negativeZero: false, extremeNumbers: false }

describe('the recorder', () => {
  for (const { name, run } of recorderSuite({ open: open(false), openForeign, ...abilities })) test(name, run)
})

describe('the reader, by scans', () => {
  for (const { name, run } of readerSuite({ open: open(false), ...abilities })) test(name, run)
})

describe('the reader, by the index', () => {
  // A first span whose parent is elsewhere has no row in the index, unless it keeps the id of a foreign trace.
  for (const { name, run } of readerSuite({ open: open(true), orphans: false, ...abilities })) test(name, run)
})
