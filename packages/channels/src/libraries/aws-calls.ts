import { shortened } from './shortened-error.js'
import { maskQuery } from './sql.js'

// OpenTelemetry's keys for the AWS SDK (https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/), DynamoDB
// (https://opentelemetry.io/docs/specs/semconv/database/dynamodb/), SQS and SNS
// (https://opentelemetry.io/docs/specs/semconv/messaging/sqs/, https://opentelemetry.io/docs/specs/semconv/messaging/sns/).

type Data = Record<string, unknown>

/** A command of the AWS SDK. */
export interface AwsCall {
  /** The kind of its span. */
  readonly kind: string
  /** Such as `DynamoDB.GetItem`. */
  readonly name: string
  readonly service: string
  readonly data: Data
}

/** How a service's commands are described, besides what all have. */
interface Service {
  readonly kind: string
  readonly data: (operation: string, input: object) => Data
  readonly resultData: (output: object) => Data
}

const SERVICES: ReadonlyMap<string, Service> = new Map([
  ['DynamoDB', { kind: 'db', data: dynamoData, resultData: dynamoResult }],
  ['SQS', { kind: 'queue', data: sqsData, resultData: messageResult }],
  ['SNS', { kind: 'queue', data: snsData, resultData: messageResult }],
])

/** How many names are recorded of a command at most: of tables, and of messages. */
const MAX_NAMES = 25

/**
 * @param context what the SDK says of a command
 * @param args of its first step
 */
export function callOf(context: object, args: object): AwsCall {
  const service = named(read(context, 'clientName'), 'Client')
  const operation = named(read(context, 'commandName'), 'Command')
  const known = SERVICES.get(service)
  const input: unknown = read(args, 'input')
  const name = `${service || 'AWS'}.${operation || 'call'}`
  const own = known?.data(operation, Object(input)) ?? {}
  const data = { 'rpc.system.name': 'aws-api', 'rpc.method': `${service}/${operation}`, ...own }
  return { kind: known?.kind ?? 'aws', name, service, data }
}

/** @param answer a command's output, or the error that it failed with */
export function resultOf({ service }: AwsCall, answer: unknown): Data {
  const metadata = Object(read(answer, '$metadata'))
  const attempts = read(metadata, 'attempts')
  const data: Data = {
    'aws.request_id': read(metadata, 'requestId'),
    'aws.extended_request_id': read(metadata, 'extendedRequestId'),
    'http.response.status_code': read(metadata, 'httpStatusCode'),
    'aws.retries': typeof attempts === 'number' && attempts > 1 ? attempts - 1 : undefined,
    ...(answer instanceof Error ? {} : SERVICES.get(service)?.resultData(Object(answer))),
  }
  // What is not known replaces nothing.
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}

/** Where AWS's messages repeat what was sent: a statement, a number, a parameter, a telephone's number. */
const VALUE = /(?<=processed: |numeric value: |\bReason: )|(?<=\bValue )'/

/** @returns the error itself, unless its message repeats a value */
export function withoutValues(error: unknown): unknown {
  return error instanceof Error && VALUE.test(error.message) ? shortened(error, VALUE) : error
}

function dynamoData(operation: string, input: object): Data {
  const tables = tablesOf(input).slice(0, MAX_NAMES)
  const statement = read(input, 'Statement')
  const batch = batchSize(input)
  return {
    'db.system.name': 'aws.dynamodb',
    'db.operation.name': operation,
    'db.operation.batch.size': batch > 1 ? batch : undefined,
    'db.collection.name': tables.length === 1 ? tables[0] : undefined,
    'db.query.text': typeof statement === 'string' ? maskQuery(statement, 'standard') : undefined,
    'aws.dynamodb.table_names': tables.length > 0 ? tables : undefined,
    'aws.dynamodb.index_name': text(read(input, 'IndexName')),
  }
}

function dynamoResult(output: object): Data {
  const [count, scanned] = [read(output, 'Count'), read(output, 'ScannedCount')]
  return { 'aws.dynamodb.count': count, 'aws.dynamodb.scanned_count': scanned }
}

function tablesOf(input: object): string[] {
  const one = text(read(input, 'TableName'))
  if (one !== undefined) return [one]
  const inTransaction = listOf(input, 'TransactItems').flatMap((item) =>
    Object.values(Object(item)).map((action) => text(read(action, 'TableName')) ?? ''),
  )
  const all = [...Object.keys(Object(read(input, 'RequestItems'))), ...inTransaction]
  return [...new Set(all)].filter((name) => name !== '')
}

function batchSize(input: object): number {
  const requests = Object.values(Object(read(input, 'RequestItems')))
  const inBatch = requests.reduce<number>(
    (sum, each) => sum + (Array.isArray(each) ? each.length : listOf(each, 'Keys').length),
    0,
  )
  return inBatch + listOf(input, 'TransactItems').length + listOf(input, 'Statements').length
}

const TYPES: readonly [RegExp, string][] = [
  [/^(?:SendMessage|Publish)/, 'send'],
  [/^ReceiveMessage/, 'receive'],
  [/^(?:DeleteMessage|ChangeMessageVisibility)/, 'settle'],
]

function messagingData(operation: string, input: object): Data {
  const entries = listOf(input, 'Entries').length + listOf(input, 'PublishBatchRequestEntries').length
  return {
    'messaging.operation.name': operation,
    'messaging.operation.type': TYPES.find(([pattern]) => pattern.test(operation))?.[1],
    'messaging.batch.message_count': entries > 0 ? entries : undefined,
  }
}

function sqsData(operation: string, input: object): Data {
  // Of its URL, https://sqs.eu-west-1.amazonaws.com/123456789012/name, the name alone.
  const queue = /^[^?#]*\/([\w.-]+)\/?(?:[?#]|$)/.exec(text(read(input, 'QueueUrl')) ?? '')?.[1]
  const name = queue ?? text(read(input, 'QueueName'))
  return { 'messaging.system': 'aws_sqs', 'messaging.destination.name': name, ...messagingData(operation, input) }
}

function snsData(operation: string, input: object): Data {
  // Of arn:aws:sns:eu-west-1:123456789012:name, the name alone. A message may go to a telephone instead, whose number is nobody's.
  const arn = text(read(input, 'TopicArn')) ?? text(read(input, 'TargetArn'))
  const topic = arn?.slice(arn.lastIndexOf(':') + 1)
  return { 'messaging.system': 'aws.sns', 'messaging.destination.name': topic, ...messagingData(operation, input) }
}

function messageResult(output: object): Data {
  const received = read(output, 'Messages')
  return {
    'messaging.message.id': text(read(output, 'MessageId')),
    'messaging.batch.message_count': Array.isArray(received) ? received.length : undefined,
  }
}

function named(value: unknown, ending: string): string {
  return (text(value) ?? '').replace(new RegExp(`${ending}$`), '')
}

function listOf(value: unknown, key: string): readonly unknown[] {
  const list = read(value, key)
  return Array.isArray(list) ? list : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function read(value: unknown, key: string): unknown {
  return Reflect.get(Object(value), key)
}
