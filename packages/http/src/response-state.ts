import { nodeHttp } from './node-http.js'
import type { Response } from './traced.js'

type State = 'closed' | 'errored' | 'writableFinished'
type Getters = Readonly<Record<State, (this: Response) => unknown>>

let nodes: Getters | undefined

/** What Node knows of an HTTP/1 response, whatever a framework has defined on it by that name; a mock is asked itself. */
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
