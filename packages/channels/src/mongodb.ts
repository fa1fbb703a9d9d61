import { type ActiveSpan, isTracing, type Tracer } from '@trace/core'
import type { CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent, MongoClient } from 'mongodb'
import { batchSizeOf, collectionOf, commandText, failureOf, returnedBy } from './libraries/mongo-command.js'

/** Of the connection alone, and those whose contents the driver takes out of its events. */
const NOT_TRACED = /^(?:hello|ismaster|authenticate|saslstart|saslcontinue|getnonce|copydb.*)$/i

/**
 * Records a span for each command that a client of MongoDB sends within a trace, below the current span of whoever called. The client
 * must have the option `monitorCommands: true`: the tracer warns if it has not.
 *
 * @param client before it connects or after
 * @returns ends that; spans of commands that run then are still recorded
 */
export function traceMongo(tracer: Tracer, client: MongoClient): () => void {
  if (client.options.monitorCommands !== true) {
    tracer.warn(
      'commands not monitored',
      'traceMongo: give MongoClient the option monitorCommands: true, to have spans',
    )
  }
  if (traced.has(client)) {
    tracer.warn('client traced twice', 'traceMongo: the client is traced already: call it once for each')
    return () => {}
  }
  traced.add(client)
  const spans = new Map<number, ActiveSpan>()
  // The driver emits these as it sends a command and as it gets the answer, in the context of the caller.
  const started = (event: CommandStartedEvent): void => begin(tracer, spans, event)
  client.on('commandStarted', started)
  client.on('commandSucceeded', (event) => succeeded(spans, event))
  client.on('commandFailed', (event) => failed(spans, event))
  return () => {
    traced.delete(client)
    client.off('commandStarted', started)
  }
}

const traced = new WeakSet<MongoClient>()

function begin(tracer: Tracer, spans: Map<number, ActiveSpan>, event: CommandStartedEvent): void {
  if (!isTracing() || NOT_TRACED.test(event.commandName)) return
  const { commandName: name, command, databaseName, address, requestId } = event
  const collection = collectionOf(name, command)
  const span = tracer.start('db', collection === undefined ? name : `${name} ${collection}`)
  spans.set(requestId, span)
  const [host, port] = hostOf(address)
  span.data = {
    'db.system.name': 'mongodb',
    'db.namespace': databaseName,
    'db.collection.name': collection,
    'db.operation.name': name,
    'db.operation.batch.size': batchSizeOf(command),
    'db.query.text': commandText(name, command),
    'server.address': host,
    'server.port': port,
  }
}

function succeeded(spans: Map<number, ActiveSpan>, { requestId, reply }: CommandSucceededEvent): void {
  const span = spans.get(requestId)
  if (span === undefined) return
  const rows = returnedBy(reply)
  if (rows !== undefined) span.data['db.response.returned_rows'] = rows
  // A write that is refused is answered so, and the driver throws then.
  const refused: unknown = Reflect.get(Object(reply), 'writeErrors') ?? Reflect.get(Object(reply), 'writeConcernError')
  const first: unknown = Array.isArray(refused) ? refused[0] : refused
  if (first !== undefined && first !== null) fail(span, first)
  finish(spans, requestId, span)
}

function failed(spans: Map<number, ActiveSpan>, { requestId, failure }: CommandFailedEvent): void {
  const span = spans.get(requestId)
  if (span === undefined) return
  fail(span, failure)
  finish(spans, requestId, span)
}

function fail(span: ActiveSpan, error: unknown): void {
  const { code }: Record<string, unknown> = Object(error)
  if (code !== undefined) span.data['db.response.status_code'] = String(code)
  span.fail(failureOf(error))
}

function finish(spans: Map<number, ActiveSpan>, requestId: number, span: ActiveSpan): void {
  spans.delete(requestId)
  span.finish()
}

/** @param address `host:port`, `[::1]:port`, or the path of a socket */
function hostOf(address: string): [string, number | undefined] {
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? []
  return host === undefined ? [address, undefined] : [host, Number(port)]
}
