import { nodeHttp } from '../values/node-http.js'
import type { Response } from './messages.js'

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
