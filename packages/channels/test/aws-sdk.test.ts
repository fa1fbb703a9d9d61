import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as dynamo from '@aws-sdk/client-dynamodb'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import * as sqs from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { traceClients } from '@trace/http/client'
import { traceAwsSdk } from '../src/aws-sdk.js'
import { withoutValues } from '../src/libraries/aws-calls.js'
import { programs, run } from './support/programs.js'
import { type Recorded, recorded } from './support/recorded.js'

const SECRET = 'hunter2'
const settings = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET },
}

interface EngineProcess {
  readonly url: string
  stop(): Promise<void>
}

const dataOf = async (recording: Recorded) => (await recording.spans()).slice(1).map(({ data }) => ({ ...data }))

describe('on DynamoDB Local', () => {
  let engine: EngineProcess
  const opened: { destroy(): void }[] = []
  beforeAll(async () => {
    const file = fileURLToPath(new URL('../../dynamorec/test/support/engine-process.mjs', import.meta.url))
    const { startEngineProcess }: { startEngineProcess(): Promise<EngineProcess> } = await import(file)
    engine = await startEngineProcess()
    while ((await fetch(engine.url).catch(() => undefined)) === undefined) await sleep(50)
    const client = new dynamo.DynamoDBClient({ ...settings, endpoint: engine.url })
    opened.push(client)
    await client.send(
      new dynamo.CreateTableCommand({
        TableName: 'Users',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    )
  })
  afterAll(async () => {
    for (const each of opened) each.destroy()
    await engine.stop()
  })

  function traced(recording: Recorded): dynamo.DynamoDBClient {
    const client = new dynamo.DynamoDBClient({ ...settings, endpoint: engine.url })
    opened.push(client)
    client.middlewareStack.use(traceAwsSdk(recording.tracer))
    return client
  }

  test('a command has a span, with its table, its request and its region, and a failed one the error', async () => {
    const recording = recorded()
    const client = traced(recording)
    await client.send(new dynamo.ListTablesCommand({}))
    await recording.tracer.trace('work', 'outer', async (outer) => {
      await client.send(new dynamo.PutItemCommand({ TableName: 'Users', Item: { id: { S: 'ann' } } }))
      expect(currentSpan()).toBe(outer)
      await expect(
        client.send(new dynamo.GetItemCommand({ TableName: 'None', Key: { id: { S: 'a' } } })),
      ).rejects.toThrow()
    })
    expect(await recording.tree()).toEqual(['work outer', '  db DynamoDB.PutItem', '  db DynamoDB.GetItem'])
    const [put, get] = await dataOf(recording)
    expect(put).toEqual({
      'rpc.system.name': 'aws-api',
      'rpc.method': 'DynamoDB/PutItem',
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'PutItem',
      'db.collection.name': 'Users',
      'aws.dynamodb.table_names': ['Users'],
      'aws.request_id': expect.stringMatching(/^[\w-]{20,}$/),
      'http.response.status_code': 200,
      'cloud.region': 'eu-west-1',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(engine.url).port),
    })
    expect(get).toMatchObject({
      'error.type': 'ResourceNotFoundException',
      'error.stack': expect.any(String),
      'http.response.status_code': 400,
      'aws.request_id': expect.any(String),
    })
  })

  test('batches, transactions, queries, statements and the document client', async () => {
    const recording = recorded()
    const client = traced(recording)
    const documents = DynamoDBDocumentClient.from(client)
    const put = (id: string) => ({ PutRequest: { Item: { id: { S: id } } } })
    const Put = (id: string) => ({ Put: { TableName: 'Users', Item: { id: { S: id } } } })
    await recording.tracer.trace('work', 'outer', async () => {
      await client.send(new dynamo.BatchWriteItemCommand({ RequestItems: { Users: [put('a'), put('b')] } }))
      await client.send(new dynamo.BatchGetItemCommand({ RequestItems: { Users: { Keys: [{ id: { S: 'a' } }] } } }))
      await client.send(new dynamo.TransactWriteItemsCommand({ TransactItems: [Put('c'), Put('d')] }))
      const values = { KeyConditionExpression: 'id = :id', ExpressionAttributeValues: { ':id': { S: 'a' } } }
      await client.send(new dynamo.QueryCommand({ TableName: 'Users', ...values }))
      await client.send(
        new dynamo.ExecuteStatementCommand({ Statement: `SELECT * FROM "Users" WHERE id = '${SECRET}'` }),
      )
      await documents.send(new GetCommand({ TableName: 'Users', Key: { id: 'a' } }))
    })
    const keys = [
      'rpc.method',
      'aws.dynamodb.table_names',
      'db.operation.batch.size',
      'aws.dynamodb.count',
      'db.query.text',
    ]
    expect((await dataOf(recording)).map((data) => keys.map((key) => data[key]))).toEqual([
      ['DynamoDB/BatchWriteItem', ['Users'], 2, undefined, undefined],
      ['DynamoDB/BatchGetItem', ['Users'], undefined, undefined, undefined],
      ['DynamoDB/TransactWriteItems', ['Users'], 2, undefined, undefined],
      ['DynamoDB/Query', ['Users'], undefined, 1, undefined],
      ['DynamoDB/ExecuteStatement', undefined, undefined, undefined, 'SELECT * FROM "Users" WHERE id = ?'],
      ['DynamoDB/GetItem', ['Users'], undefined, undefined, undefined],
    ])
  })

  test('what runs at the same time is told apart, and what is not sampled costs no span', async () => {
    const recording = recorded()
    const client = traced(recording)
    const get = (id: string) => client.send(new dynamo.GetItemCommand({ TableName: 'Users', Key: { id: { S: id } } }))
    await Promise.all([1, 2, 3].map((at) => recording.tracer.trace('work', `w${at}`, () => get(`${at}`))))
    expect(await recording.tree()).toEqual([1, 2, 3].flatMap((at) => [`work w${at}`, '  db DynamoDB.GetItem']))
    const unsampled = recorded({ sample: () => false })
    await unsampled.tracer.trace('work', 'outer', () => traced(unsampled).send(new dynamo.ListTablesCommand({})))
    expect(await unsampled.spans()).toEqual([])
  })

  test.each(programs.filter((each) => each.server === 'dynamodb'))(
    'the program of the README runs',
    async (program) => {
      expect(
        await run(program, {
          AWS_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          AWS_ENDPOINT_URL_DYNAMODB: engine.url,
        }),
      ).toBe(program.prints)
    },
  )

  test('no secret is in a span: items, keys, values of expressions and statements, credentials, and what fails with them', async () => {
    const recording = recorded()
    const client = new dynamo.DynamoDBClient({
      ...settings,
      credentials: { ...settings.credentials, sessionToken: SECRET },
      endpoint: `${engine.url}/?token=${SECRET}`,
    })
    opened.push(client)
    client.middlewareStack.use(traceAwsSdk(recording.tracer))
    const [TableName, value] = ['Users', { S: SECRET }]
    const values = { ExpressionAttributeValues: { ':v': value } }
    const Key = { id: value }
    const Item = { id: value, card: value, list: { L: [value] }, bytes: { B: Buffer.from(SECRET) } }
    const taken = { TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }
    const statements = [
      `INSERT INTO "Users" VALUE {'id': '${SECRET}'}`,
      `UPDATE "Users" SET card = '${SECRET}' WHERE id = '${SECRET}'`,
      `SELECT * FROM "Users" WHERE card = '${SECRET}`,
      `nothing '${SECRET}'`,
    ]
    await recording.tracer.trace('work', 'outer', async () => {
      const calls: (() => Promise<unknown>)[] = [
        () => client.send(new dynamo.PutItemCommand({ TableName, Item })),
        () => client.send(new dynamo.PutItemCommand({ ...taken, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })),
        () => client.send(new dynamo.TransactWriteItemsCommand({ TransactItems: [{ Put: taken }] })),
        () => client.send(new dynamo.GetItemCommand({ TableName, Key })),
        () => client.send(new dynamo.GetItemCommand({ TableName, Key: { id: { N: SECRET } } })),
        () =>
          client.send(new dynamo.UpdateItemCommand({ TableName, Key, UpdateExpression: 'SET card = :v', ...values })),
        () => client.send(new dynamo.UpdateItemCommand({ TableName, Key, UpdateExpression: 'ADD card :v', ...values })),
        () => client.send(new dynamo.QueryCommand({ TableName, KeyConditionExpression: 'id = :v', ...values })),
        () => client.send(new dynamo.ScanCommand({ TableName, FilterExpression: 'contains(card, :v)', ...values })),
        () => client.send(new dynamo.BatchWriteItemCommand({ RequestItems: { Users: [{ PutRequest: { Item } }] } })),
        () => client.send(new dynamo.DeleteItemCommand({ TableName, Key })),
        ...statements.map(
          (Statement) => () => client.send(new dynamo.ExecuteStatementCommand({ Statement, Parameters: [value] })),
        ),
        ...statements.map(
          (Statement) => () => client.send(new dynamo.BatchExecuteStatementCommand({ Statements: [{ Statement }] })),
        ),
      ]
      for (const call of calls) await call().catch(() => undefined)
    })
    const data = await dataOf(recording)
    expect(data).toHaveLength(19)
    expect(data.filter((each) => 'error.type' in each).length).toBeGreaterThan(4)
    for (const each of data) expect(JSON.stringify(each)).not.toMatch(/hunter2|AKIDEXAMPLE/)
  })

  test('a request that traceClients traces is below its command', async () => {
    const recording = recorded()
    const client = traced(recording)
    const off = traceClients(recording.tracer)
    await recording.tracer.trace('work', 'outer', () => client.send(new dynamo.ListTablesCommand({})))
    off()
    const port = new URL(engine.url).port
    expect(await recording.tree()).toEqual([
      'work outer',
      '  db DynamoDB.ListTables',
      `    client POST 127.0.0.1:${port}`,
    ])
  })
})

test.each([
  [
    "Statement wasn't well formed, can't be processed: SELECT 'x",
    "Statement wasn't well formed, can't be processed: ?",
  ],
  [
    'The parameter cannot be converted to a numeric value: x',
    'The parameter cannot be converted to a numeric value: ?',
  ],
  ["1 validation error detected: Value 'x' at 'key' failed", '1 validation error detected: Value ?'],
  ['Invalid parameter: PhoneNumber Reason: +15550100 is not valid', 'Invalid parameter: PhoneNumber Reason: ?'],
  ['The conditional request failed', 'The conditional request failed'],
])('of the message %j, %j is recorded', (message, cut) => {
  expect(withoutValues(new Error(message))).toMatchObject({ name: 'Error', message: cut })
})

// SQS and SNS are in no package: this answers as they do (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference).
describe('on a server that answers as SQS and SNS do', () => {
  const requests: { headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (text) => {
      body += text
    })
    req.on('end', () => {
      requests.push({ headers: req.headers, body })
      const failing = body.includes('busy') && requests.length < 3
      res.writeHead(failing ? 503 : 200, { 'x-amzn-requestid': `r${requests.length}` })
      if (failing) res.end('{"__type":"ServiceUnavailable"}')
      else if (body.startsWith('Action=Publish')) res.end(PUBLISHED)
      else res.end(JSON.stringify(ANSWERS[String(req.headers['x-amz-target'])] ?? {}))
    })
  })
  const PUBLISHED =
    '<PublishResponse><PublishResult><MessageId>s-1</MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>'
  const ANSWERS: Record<string, object> = {
    'AmazonSQS.SendMessage': { MessageId: 'm-1', MD5OfMessageBody: undefined },
    'AmazonSQS.ReceiveMessage': { Messages: [{ MessageId: 'm-1', ReceiptHandle: SECRET }] },
    'AmazonSQS.SendMessageBatch': { Successful: [], Failed: [] },
  }
  let endpoint = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const newQueue = () => new sqs.SQSClient({ ...settings, endpoint, md5: false, useQueueUrlAsEndpoint: false })
  const QueueUrl = `https://sqs.eu-west-1.amazonaws.com/123456789012/mail.fifo?token=${SECRET}`
  const TopicArn = 'arn:aws:sns:eu-west-1:123456789012:news'

  test('messages have the keys of messaging, and retries are counted', async () => {
    requests.length = 0
    const recording = recorded()
    const [queue, topic] = [newQueue(), new SNSClient({ ...settings, endpoint })]
    for (const client of [queue, topic]) client.middlewareStack.use(traceAwsSdk(recording.tracer))
    await recording.tracer.trace('work', 'outer', async () => {
      await queue.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: 'busy' }))
      await queue.send(new sqs.ReceiveMessageCommand({ QueueUrl }))
      const Entries = ['1', '2'].map((Id) => ({ Id, MessageBody: SECRET }))
      await queue.send(new sqs.SendMessageBatchCommand({ QueueUrl, Entries }))
      await queue.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle: SECRET }))
      await topic.send(new PublishCommand({ TopicArn, Message: SECRET }))
      await topic.send(new PublishCommand({ PhoneNumber: '+15550100', Message: SECRET }))
    })
    for (const client of [queue, topic]) client.destroy()
    expect(await recording.tree()).toEqual([
      ...['work outer', '  queue SQS.SendMessage', '  queue SQS.ReceiveMessage', '  queue SQS.SendMessageBatch'],
      ...['  queue SQS.DeleteMessage', '  queue SNS.Publish', '  queue SNS.Publish'],
    ])
    const keys = ['system', 'destination.name', 'operation.type', 'message.id', 'batch.message_count']
    const data = await dataOf(recording)
    expect(data.map((each) => keys.map((key) => each[`messaging.${key}`]))).toEqual([
      ['aws_sqs', 'mail.fifo', 'send', 'm-1', undefined],
      ['aws_sqs', 'mail.fifo', 'receive', undefined, 1],
      ['aws_sqs', 'mail.fifo', 'send', undefined, 2],
      ['aws_sqs', 'mail.fifo', 'settle', undefined, undefined],
      ['aws.sns', 'news', 'send', 's-1', undefined],
      ['aws.sns', undefined, 'send', 's-1', undefined],
    ])
    expect(data[0]).toMatchObject({ 'aws.retries': 2, 'cloud.region': 'eu-west-1', 'aws.request_id': 'r3' })
    expect(data[1]).not.toHaveProperty('aws.retries')
    expect(JSON.stringify(data)).not.toMatch(/hunter2|5550100|AKIDEXAMPLE/)
  })

  test('requests are those of an untraced client', async () => {
    const recording = recorded()
    const sent: unknown[] = []
    for (const isTraced of [false, true]) {
      requests.length = 0
      const queue = newQueue()
      if (isTraced) queue.middlewareStack.use(traceAwsSdk(recording.tracer))
      await recording.tracer.trace('work', 'outer', () =>
        queue.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: 'hello' })),
      )
      queue.destroy()
      const [{ headers = {}, body = '' } = {}] = requests
      sent.push([
        Object.keys(headers).toSorted(),
        body,
        String(headers.authorization).replace(/\/\d{8}\/|Signature=.*/g, ''),
      ])
    }
    expect(sent[1]).toEqual(sent[0])
  })

  test('a server that cannot be reached, and an abort, fail the command', async () => {
    const recording = recorded()
    const queue = new sqs.SQSClient({ ...settings, endpoint: 'http://127.0.0.1:1', maxAttempts: 2 })
    queue.middlewareStack.use(traceAwsSdk(recording.tracer))
    await recording.tracer.trace('work', 'outer', async () => {
      await expect(queue.send(new sqs.ListQueuesCommand({}))).rejects.toThrow()
      const aborted = queue.send(new sqs.ListQueuesCommand({}), { abortSignal: AbortSignal.abort() })
      await expect(aborted).rejects.toThrow()
    })
    queue.destroy()
    const [refused, aborted] = await dataOf(recording)
    expect(refused).toMatchObject({ 'aws.retries': 1, 'error.message': expect.stringContaining('ECONNREFUSED') })
    expect(aborted).toMatchObject({ 'error.type': 'AbortError' })
  })
})
