import { nodeHttp } from '../values/node-http.js'
import type { Request, Response, Stream } from './messages.js'
import { statusIn } from './request-info.js'

type State = 'closed' | 'errored' | 'writableFinished'
type Getters = Readonly<Record<State, (this: Response) => unknown>>

let nodes: Getters | undefined

/** The state of an HTTP/1 response as Node keeps it, even if a framework has defined a property of that name; a mock's own property. */
export function stateOf(res: Response, state: State): unknown {
  nodes ??= findGetters()
  const closed = nodes.closed.call(res)
  if (closed === undefined) return Reflect.get(res, state)
  return state === 'closed' ? closed : nodes[state].call(res)
}

function findGetters(): Getters {
  const { prototype } = nodeHttp().OutgoingMessage
  const getterOf = (state: State): Getters[State] =>
    Object.getOwnPropertyDescriptor(prototype, state)?.get ??
    function (this: Response) {
      return Reflect.get(this, state)
    }
  return {
    closed: getterOf('closed'),
    errored: getterOf('errored'),
    writableFinished: getterOf('writableFinished'),
  }
}

/** Whether the events that tell of a request's end are over. @param isConnected whether the response goes out on a connection */
export function isOver(req: Request, res: Response, isConnected: boolean): boolean {
  if (stateOf(res, 'closed') === true || req.socket?.destroyed === true) return true
  return !isConnected && stateOf(res, 'writableFinished') === true
}

let isStored: boolean | undefined

/** Whether `_storeHeader` makes the heads of HTTP/1 responses: on Node and Deno, not on Bun, which has it and never calls it. */
export function storesHeads(): boolean {
  if (isStored === undefined) {
    isStored = false
    // As much of a response as Node's looks at: a real one would be published on its diagnostics channel.
    const sample = {
      _header: null,
      _storeHeader: () => {
        isStored = true
      },
    }
    try {
      Reflect.apply(nodeHttp().ServerResponse.prototype.writeHead, sample, [200])
    } catch {
      // By what needs more than that.
    }
  }
  return isStored
}

/**
 * The status that a response was sent with; undefined if none was.
 *
 * @param statusLine of an HTTP/1 head, if that was seen as it was made
 */
export function statusOf(
  res: Response,
  stream: Stream | undefined,
  statusLine: string | undefined,
): number | undefined {
  const sent = stream?.sentHeaders?.[':status']
  if (sent !== undefined) return Number(sent)
  const line = statusLine ?? res._header
  if (stream === undefined && line !== undefined && storesHeads()) return statusIn(line)
  // A mock, or one of Bun's: on one of Node's, frameworks may have defined something else in these names.
  return res.headersSent ? res.statusCode : undefined
}

/** Whether a response of this status may have a body: Node drops what is written for one that may not. */
export function mayHaveBody(req: Request, res: Response, stream: Stream | undefined, status: number): boolean {
  if (stream === undefined) return res._hasBody !== false
  return req.method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304
}
