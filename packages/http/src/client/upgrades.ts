import type { Socket } from 'node:net'
import type { ClientSpan } from './requests.js'

/**
 * Ends the spans of upgrades by undici, most of whose versions publish no answer to one: at the latest when their socket
 * closes. What fails is published, and before that.
 */
export class Upgrades {
  readonly #waiting = new Map<Socket, readonly ClientSpan[]>()

  /** The upgrade has been asked for. */
  sent(span: ClientSpan, socket: Socket): void {
    const before = this.#waiting.get(socket)
    if (before === undefined) socket.once('close', () => this.#closed(socket))
    this.#waiting.set(socket, [...(before ?? []).filter(({ isEnded }) => !isEnded), span])
  }

  /** A WebSocket is open. All that ties it to its request is the address of the socket's own end. */
  opened(address: object, status: number | undefined): void {
    const [, spans] = [...this.#waiting].find(([socket]) => isSame(socket.address(), address)) ?? []
    spans?.find(({ isEnded }) => !isEnded)?.upgraded(status)
  }

  #closed(socket: Socket): void {
    for (const span of this.#waiting.get(socket) ?? []) span.upgraded()
    this.#waiting.delete(socket)
  }
}

function isSame(one: object, other: object): boolean {
  return ['address', 'port'].every((name) => {
    const value: unknown = Reflect.get(one, name)
    return value !== undefined && value === Reflect.get(other, name)
  })
}
