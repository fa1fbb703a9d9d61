import type { OutgoingMessage } from 'node:http'
import { nodeHttp } from './node-http.js'
import type { Response } from './traced.js'

type State = 'closed' | 'errored' | 'writableFinished'

interface Own {
  readonly kind: typeof OutgoingMessage
  readonly getters: Readonly<Record<State, (this: Response) => unknown>>
}

let own: Own | undefined

/** What Node knows of an HTTP/1 response, whatever a framework has defined on it by that name; a mock is asked itself. */
export function stateOf(res: Response, state: State): unknown {
  own ??= findOwn()
  return res instanceof own.kind ? own.getters[state].call(res) : Reflect.get(res, state)
}

function findOwn(): Own {
  const { OutgoingMessage: kind } = nodeHttp()
  const getterOf = (state: State): ((this: Response) => unknown) =>
    Object.getOwnPropertyDescriptor(kind.prototype, state)?.get ??
    function (this: Response) {
      return Reflect.get(this, state)
    }
  const getters = {
    closed: getterOf('closed'),
    errored: getterOf('errored'),
    writableFinished: getterOf('writableFinished'),
  }
  return { kind, getters }
}
