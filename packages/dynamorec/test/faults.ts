import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

/** What a fault server does with a request; `pass` hands it on to the engine. */
export type Fault = 'pass' | 'throttle' | 'partial' | 'fail' | 'hang' | 'reset' | 'lose answer' | 'refuse'

/** A server in front of an engine that makes faults. */
export interface FaultServer {
  readonly url: string
  /** Which fault comes next. */
  next: (operation: string) => Fault
  /** How many requests came, by operation. */
  readonly counts: Map<string, number>
  close(): Promise<void>
}

interface Put {
  readonly PutRequest: { readonly Item: { readonly trace_id: { N: string }; readonly span_id: { N: string } } }
}
interface Batch {
  RequestItems: Record<string, Put[]>
}

export async function startFaultServer(engineUrl: string): Promise<FaultServer> {
  const faults = { next: (): Fault => 'pass', counts: new Map<string, number>() }
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? ''
      handle.counts.set(operation, (handle.counts.get(operation) ?? 0) + 1)
      act(handle.next(operation), { engineUrl, req, res, body })
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
}

function act(fault: Fault, exchange: Exchange): void {
  const { req, res, body } = exchange
  if (fault === 'refuse') req.socket.destroy()
  else if (fault === 'throttle')
    answer(res, 400, { __type: 'x#ProvisionedThroughputExceededException', message: 'slow down' })
  else if (fault === 'fail') answer(res, 500, { __type: 'x#InternalServerError', message: 'oops' })
  else if (fault === 'pass') passOn(exchange, body, (status, text) => answerText(res, status, text))
  else if (fault === 'reset') passOn(exchange, body, (status, text) => breakOff(res, status, text))
  else if (fault === 'lose answer') passOn(exchange, body, () => {})
  else if (fault === 'partial') partly(exchange)
}

/** Passes on every other item, and says that the rest was not processed. */
function partly(exchange: Exchange): void {
  const { body, res } = exchange
  if (!body.includes('"RequestItems"')) {
    passOn(exchange, body, (status, text) => answerText(res, status, text))
    return
  }
  const batch: Batch = JSON.parse(body)
  const [table = ''] = Object.keys(batch.RequestItems)
  const items = batch.RequestItems[table] ?? []
  const taken = items.filter((_, at) => at % 2 === 0)
  const left = items.filter((_, at) => at % 2 === 1)
  passOn(exchange, JSON.stringify({ RequestItems: { [table]: taken } }), (status, text) => {
    if (status !== 200) answerText(res, status, text)
    else answer(res, 200, { UnprocessedItems: left.length === 0 ? {} : { [table]: left } })
  })
}

function breakOff(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(text) + 9 })
  res.write(text, () => res.destroy())
}

function passOn({ engineUrl, req, res }: Exchange, body: string, done: (status: number, text: string) => void): void {
  const headers = { ...req.headers, 'content-length': String(Buffer.byteLength(body)) }
  const onward = request(engineUrl, { method: 'POST', headers }, (answered) => {
    void bodyOf(answered).then((text) => done(answered.statusCode ?? 500, text))
  })
  onward.on('error', () => res.destroy())
  onward.end(body)
}

function answer(res: ServerResponse, status: number, body: unknown): void {
  answerText(res, status, JSON.stringify(body))
}

function answerText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text)
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
