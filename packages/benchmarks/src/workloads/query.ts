import { EventEmitter } from 'node:events'
import { tracePg } from '@trace/channels/pg'
import { type ActiveSpan, createTracer, type Tracer } from '@trace/core'
import pg from 'pg'
import { assertNone, nullRecorder } from './recorders.js'
import type { Workload, WorkloadFactory } from './workload.js'

const QUERIES = 200
const TEXT = 'SELECT id, name FROM users WHERE id = $1'

/** Stands in for a connection to a server that answers at once, so that only the library's own work is measured. */
class AnsweringConnection extends EventEmitter {
  readonly parsedStatements = {}
  readonly submittedNamedStatements = {}
  readonly stream = {}
  #isConnecting = true

  connect(): void {
    queueMicrotask(() => this.emit('connect'))
  }

  startup(): void {
    queueMicrotask(() => this.emit('readyForQuery', { status: 'I' }))
    this.#isConnecting = false
  }

  parse(): void {}
  bind(): void {}
  describe(): void {}
  execute(): void {}

  sync(): void {
    if (this.#isConnecting) throw new Error('a query was sent before the connection was there')
    queueMicrotask(() => {
      this.emit('parseComplete')
      this.emit('rowDescription', { fields: [] })
      this.emit('commandComplete', { text: 'SELECT 0' })
      this.emit('readyForQuery', { status: 'I' })
    })
  }
}

async function connected(): Promise<pg.Client> {
  const client: pg.Client = Reflect.construct(pg.Client, [
    { host: 'db', database: 'shop', connection: new AnsweringConnection() },
  ])
  await client.connect()
  return client
}

type Ask = (id: number) => Promise<unknown>

function asking(ask: Ask): Pick<Workload, 'operations'> & { slice(): Promise<void> } {
  return {
    operations: QUERIES,
    slice: async () => {
      for (let id = 0; id < QUERIES; id++) await ask(id)
    },
  }
}

/** Queries below a span that stays open. */
async function insideTrace(askOf: (tracer: Tracer, client: pg.Client) => Ask): Promise<Workload> {
  const tracer = createTracer({ recorder: nullRecorder() })
  const { operations, slice } = asking(askOf(tracer, await connected()))
  const parent = tracer.start('task', 'parent', { root: true })
  const { started } = tracer.stats()
  return {
    operations,
    slice: () => parent.run(slice),
    verify: () => {
      assertNone(tracer.stats().dropped)
      if (tracer.stats().started === started) throw new Error('no span was recorded')
    },
  }
}

function traced(tracer: Tracer, client: pg.Client): Ask {
  const own = tracePg(tracer, client)
  return (id) => own.query(TEXT, [id])
}

function child(tracer: Tracer, client: pg.Client): Ask {
  const query = async ({ data }: ActiveSpan, id: number): Promise<unknown> => {
    data['rows'] = id
    data['table'] = 'users'
    return client.query(TEXT, [id])
  }
  return (id) => tracer.span('db', 'load user', async (span) => query(span, id))
}

async function bare(): Promise<Workload> {
  const client = await connected()
  return asking((id) => client.query(TEXT, [id]))
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  bare,
  child: () => insideTrace(child),
  traced: () => insideTrace(traced),
}
