import { type ActiveSpan, dataToWrite, isTracing, onOneLine, type Tracer } from '@trace/core'
import type { CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent, MongoClient } from 'mongodb'
import { type DescribedCommand, describeCommand } from './libraries/described-commands.js'
import { text } from './libraries/message.js'
import { batchSizeOf, type Command, failureOf, isOfCollections, returnedBy } from './libraries/mongo-command.js'
import { read } from './libraries/wrapping.js'

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
  const spans = new Spans()
  const places = new Places()
  // The driver emits these as it sends a command and as it gets the answer, in the context of the caller.
  const started = (event: CommandStartedEvent): void => begin(tracer, spans, places, event)
  client.on('commandStarted', started)
  client.on('commandSucceeded', (event) => succeeded(spans, event))
  client.on('commandFailed', (event) => failed(spans, event))
  return () => {
    traced.delete(client)
    client.off('commandStarted', started)
  }
}

const traced = new WeakSet<MongoClient>()

/** How many commands wait for an answer at once, usually at most. A power of two. */
const USUAL = 256

/** The spans of commands that have no answer yet, by the ids of their requests, which count up. */
class Spans {
  readonly #ids: number[] = new Array(USUAL).fill(0)
  readonly #spans: (ActiveSpan | undefined)[] = new Array(USUAL).fill(undefined)
  /** Those whose place is taken. A map alone would do, and take 0.1 µs a command. */
  readonly #others = new Map<number, ActiveSpan>()

  add(requestId: number, span: ActiveSpan): void {
    const at = requestId % USUAL
    if (this.#spans[at] !== undefined) this.#others.set(requestId, span)
    else {
      this.#ids[at] = requestId
      this.#spans[at] = span
    }
  }

  take(requestId: number): ActiveSpan | undefined {
    const at = requestId % USUAL
    const span = this.#ids[at] === requestId ? this.#spans[at] : undefined
    if (span === undefined) {
      const other = this.#others.get(requestId)
      this.#others.delete(requestId)
      return other
    }
    this.#spans[at] = undefined
    return span
  }
}

function begin(tracer: Tracer, spans: Spans, places: Places, event: CommandStartedEvent): void {
  const { commandName: name, command, requestId } = event
  if (!isTracing() || (!isOfCollections(name) && NOT_TRACED.test(name))) return
  const described = descriptionOf(tracer, name, command)
  const span = tracer.start('db', described.summary)
  spans.add(requestId, span)
  if (span.recording) write(dataToWrite(span), event, described, places.of(event.address))
}

/** Whoever emits an event gets what a listener throws, and here that would be the program's own call. */
function descriptionOf(
  tracer: Tracer,
  name: string,
  command: Command,
): Partial<DescribedCommand> & { summary: string } {
  try {
    return describeCommand(name, command)
  } catch (error) {
    const why = onOneLine(text(read(error, 'message')))
    tracer.warn(
      'command not read',
      `traceMongo: the span of a command ${name} has no text, since reading it threw: ${why}`,
    )
    return { summary: name }
  }
}

function write(
  data: Record<string, unknown>,
  { commandName, command, databaseName }: CommandStartedEvent,
  { collection, text: query }: Partial<DescribedCommand>,
  { host, port }: Place,
): void {
  const size = batchSizeOf(command)
  data['db.system.name'] = 'mongodb'
  data['db.namespace'] = databaseName
  if (collection !== undefined) data['db.collection.name'] = collection
  data['db.operation.name'] = commandName
  if (size !== undefined) data['db.operation.batch.size'] = size
  if (query !== undefined) data['db.query.text'] = query
  data['server.address'] = host
  if (port !== undefined) data['server.port'] = port
}

function succeeded(spans: Spans, { requestId, reply }: CommandSucceededEvent): void {
  const span = spans.take(requestId)
  if (span === undefined) return
  const answer: Command = Object(reply)
  const rows = returnedBy(answer)
  if (rows !== undefined) dataToWrite(span)['db.response.returned_rows'] = rows
  // A write that is refused is answered so, and the driver throws then.
  const refused = answer['writeErrors'] ?? answer['writeConcernError']
  const first: unknown = Array.isArray(refused) ? refused[0] : refused
  if (first !== undefined && first !== null) fail(span, first)
  span.finish()
}

function failed(spans: Spans, { requestId, failure }: CommandFailedEvent): void {
  const span = spans.take(requestId)
  if (span === undefined) return
  fail(span, failure)
  span.finish()
}

function fail(span: ActiveSpan, error: unknown): void {
  const { code }: Record<string, unknown> = Object(error)
  if (code !== undefined) dataToWrite(span)['db.response.status_code'] = String(code)
  span.fail(failureOf(error))
}

interface Place {
  readonly host: string
  readonly port: number | undefined
}

/** Where servers are, by their addresses, which repeat. */
class Places {
  readonly #known = new Map<string, Place>()

  /** @param address `host:port`, `[::1]:port`, or the path of a socket */
  of(address: string): Place {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? []
    const place = host === undefined ? { host: address, port: undefined } : { host, port: Number(port) }
    this.#known.set(address, place)
    return place
  }
}
