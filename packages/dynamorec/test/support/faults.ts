import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'

/** What a fault server does with a request; `pass` hands it on to the engine. */
export type Fault = 'pass' | 'throttle' | 'partial' | 'fail' | 'hang' | 'reset' | 'lose answer' | 'refuse' | Answer

/** An answer of the fault server's own. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An error as DynamoDB tells it. */
export function errorAnswer(name: string, message = 'so it is', status = 400): Answer {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message })
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body }
}

/** A server in front of an engine that makes faults. */
export interface FaultServer {
  readonly url: string
  /** Which fault comes next. */
  next: (operation: string, headers: IncomingHttpHeaders) => Fault
  /** How far its clock is ahead of this machine's, in milliseconds. */
  clockOffset: number
  /** How many requests came, by operation. */
  readonly counts: Map<string, number>
  /** How often each span was passed on to be written, by its id: what AWS is paid for. */
  readonly writes: Map<string, number>
  /** How many requests were passed on whose sender had gone when the answer came. */
  unheard: number
  close(): Promise<void>
}

interface Put {
  readonly PutRequest: { readonly Item: { readonly trace_id: { N: string }; readonly span_id: { N: string } } }
}
interface Batch {
  RequestItems: Record<string, Put[]>
}

export async function startFaultServer(engineUrl: string): Promise<FaultServer> {
  const faults = {
    next: (): Fault => 'pass',
    clockOffset: 0,
    unheard: 0,
    counts: new Map<string, number>(),
    writes: new Map<string, number>(),
  }
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? ''
      res.setHeader('date', new Date(Date.now() + handle.clockOffset).toUTCString())
      handle.counts.set(operation, (handle.counts.get(operation) ?? 0) + 1)
      act(handle.next(operation, req.headers), { engineUrl, req, res, body, server: handle })
    })
  })
  const port = await listening(server)
  const handle: FaultServer = {
    url: `http://127.0.0.1:${port}`,
    ...faults,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return handle
}

interface Exchange {
  readonly engineUrl: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body: string
  readonly server: FaultServer
}

function act(fault: Fault, exchange: Exchange): void {
  const { req, res } = exchange
  if (typeof fault === 'object') answer(res, fault)
  else if (fault === 'refuse') req.socket.destroy()
  else if (fault === 'throttle') answer(res, errorAnswer('ProvisionedThroughputExceededException'))
  else if (fault === 'fail') answer(res, errorAnswer('InternalServerError', 'oops', 500))
  else if (fault === 'pass') passOn(exchange, (given) => answer(res, given))
  else if (fault === 'reset') passOn(exchange, (given) => breakOff(res, given))
  else if (fault === 'lose answer') passOn(exchange, () => {})
  else if (fault === 'partial') partly(exchange)
}

/** Passes on every other item, and says that the rest was not processed. */
function partly(exchange: Exchange): void {
  const { body, res } = exchange
  if (!body.includes('"RequestItems"')) {
    passOn(exchange, (given) => answer(res, given))
    return
  }
  const batch: Batch = JSON.parse(body)
  const [table = ''] = Object.keys(batch.RequestItems)
  const items = batch.RequestItems[table] ?? []
  const taken = items.filter((_, at) => at % 2 === 0)
  const left = items.filter((_, at) => at % 2 === 1)
  passOn({ ...exchange, body: JSON.stringify({ RequestItems: { [table]: taken } }) }, (given) => {
    const unprocessed = JSON.stringify({ UnprocessedItems: left.length === 0 ? {} : { [table]: left } })
    answer(res, given.status === 200 ? { ...given, body: unprocessed } : given)
  })
}

function breakOff(res: ServerResponse, { status, body = '' }: Answer): void {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(body) + 9 })
  res.write(body, () => res.destroy())
}

function passOn({ engineUrl, req, res, body, server }: Exchange, done: (given: Answer) => void): void {
  for (const [, id = ''] of body.matchAll(/"Item":\{.*?"span_id":\{"N":"(\d+)"/g))
    server.writes.set(id, (server.writes.get(id) ?? 0) + 1)
  const headers = { ...req.headers, 'content-length': String(Buffer.byteLength(body)) }
  const onward = request(engineUrl, { method: 'POST', headers }, (answered) => {
    const kept = ['content-type', 'x-amzn-requestid'].map((name) => [name, String(answered.headers[name])])
    void bodyOf(answered).then((text) => {
      if (req.socket.destroyed) server.unheard++
      done({ status: answered.statusCode ?? 500, headers: Object.fromEntries(kept), body: text })
    })
  })
  onward.on('error', () => res.destroy())
  onward.end(body)
}

function answer(res: ServerResponse, { status, headers, body }: Answer): void {
  res.writeHead(status, headers).end(body)
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
