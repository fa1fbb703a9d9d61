import type { Socket } from 'node:net'

const LIVE: unique symbol = Symbol('live requests')

/** What is to end with its connection at the latest. */
export interface Live {
  end(): void
}

type Connection = Socket & { [LIVE]?: Live[] }

/**
 * The traced requests of a connection that have not ended. One listener for all of them: a response that is queued behind
 * another on a pipelined connection never says that it closed on Node 20 and 22, and listeners for each would add up.
 */
export function liveOn(socket: Connection | undefined): Live[] | undefined {
  if (typeof socket?.on !== 'function') return undefined
  let live = socket[LIVE]
  if (live === undefined) {
    live = []
    socket[LIVE] = live
    socket.on('close', endAll)
  }
  return live
}

export function remove(live: Live[], ended: Live): void {
  if (live.at(-1) === ended) live.pop()
  else if (live.includes(ended)) live.splice(live.indexOf(ended), 1)
}

function endAll(this: Connection): void {
  // On the next tick, so that responses which do say that they closed come first, and their listeners.
  for (const live of this[LIVE] ?? []) process.nextTick(end, live)
}

function end(live: Live): void {
  live.end()
}
