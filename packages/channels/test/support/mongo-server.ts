import { createServer, type Socket } from 'node:net'
import { BSON, type Document } from 'mongodb'

/** A server that the tests have started. */
export interface MongoServer {
  readonly port: number
  /** The commands that it got, without those of connections. */
  readonly commands: Document[]
  stop(): Promise<void>
}

// Opcodes and layout: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const [REPLY, QUERY, MESSAGE] = [1, 2004, 2013]
const HEADER = 16

/** What a driver of today asks of a server: a router of a cluster, so that there are sessions and transactions. */
const HELLO = {
  ...{ ok: 1, helloOk: true, ismaster: true, isWritablePrimary: true, msg: 'isdbgrid', maxWireVersion: 21 },
  ...{ minWireVersion: 0, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  logicalSessionTimeoutMinutes: 30,
}

/**
 * Starts a server that speaks MongoDB's protocol as far as the tests need it. MongoDB itself is in neither Debian nor the npm registry.
 * It keeps documents in memory, finds them by fields that are equal, and refuses an `_id` that is there. The command `wait` has its answer
 * once another connection has sent `release`.
 */
export function startMongo(): Promise<MongoServer> {
  const commands: Document[] = []
  const store = new Store()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const length = rest.readInt32LE(0)
        void answer(socket, rest.subarray(0, length), (command) => {
          commands.push(command)
          return store.run(command)
        })
        rest = rest.subarray(length)
      }
    })
  })
  const stop = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, commands, stop })
    })
  })
}

type Reply = Document | undefined

async function answer(socket: Socket, message: Buffer, run: (command: Document) => Reply | Promise<Reply>) {
  const requestId = message.readInt32LE(4)
  if (message.readInt32LE(12) === QUERY) {
    // Flags, cursor, where it starts, how many.
    const head = Buffer.alloc(20)
    head.writeInt32LE(1, 16)
    send(socket, REPLY, requestId, Buffer.concat([head, BSON.serialize(HELLO)]))
    return
  }
  const command = commandOf(message.subarray(HEADER + 4))
  const name = Object.keys(command)[0] ?? ''
  const reply = /^(hello|ismaster)$/i.test(name) ? HELLO : await run(command)
  if (reply === undefined) socket.destroy()
  // With the flag `moreToCome` nobody waits for an answer.
  else if ((message.readInt32LE(HEADER) & 2) === 0) {
    send(socket, MESSAGE, requestId, Buffer.concat([Buffer.alloc(5), BSON.serialize(reply)]))
  }
}

function send(socket: Socket, opcode: number, responseTo: number, body: Buffer): void {
  const head = Buffer.alloc(HEADER)
  for (const [at, value] of [HEADER + body.length, 0, responseTo, opcode].entries()) head.writeInt32LE(value, at * 4)
  socket.write(Buffer.concat([head, body]))
}

/** The document of a message, and the lists that go with it. */
function commandOf(sections: Buffer): Document {
  const command: Document = {}
  for (let at = 0; at < sections.length; ) {
    const size = sections.readInt32LE(at + 1)
    const end = at + 1 + size
    if (sections[at] === 0) Object.assign(command, BSON.deserialize(sections.subarray(at + 1, end)))
    else {
      const nameEnd = sections.indexOf(0, at + 5)
      const list: Document[] = []
      for (let from = nameEnd + 1; from < end; from += sections.readInt32LE(from)) {
        list.push(BSON.deserialize(sections.subarray(from, from + sections.readInt32LE(from))))
      }
      command[sections.toString('utf8', at + 5, nameEnd)] = list
    }
    at = end
  }
  return command
}

class Store {
  readonly #collections = new Map<string, Document[]>()
  readonly #cursors = new Map<string, Document[]>()

  #release = (): void => {}

  run(command: Document): Reply | Promise<Reply> {
    const [name = '', value] = Object.entries(command)[0] ?? []
    const documents = this.#of(name === 'getMore' ? command['collection'] : String(value))
    switch (name) {
      case 'insert':
        return this.#insert(documents, command)
      case 'find':
        return this.#page(command, documents.filter(matches(command['filter'])))
      case 'aggregate':
        return this.#page({ ...command, ...command['cursor'] }, documents)
      case 'getMore':
        return this.#page(command, this.#cursors.get(String(value)) ?? [], 'nextBatch')
      case 'update':
      case 'delete': {
        const [{ q = {} } = {}] = command[`${name}s`]
        return { ok: 1, n: documents.filter(matches(q)).length, nModified: 0 }
      }
      case 'saslStart':
        return { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' }
      case 'refuse':
        return { ok: 0, code: 2, codeName: 'BadValue', errmsg: `unknown operator: "${value}"` }
      case 'wait':
        return new Promise((resolve) => {
          this.#release = () => resolve({ ok: 1 })
        })
      case 'release':
        this.#release()
        return { ok: 1 }
      case 'disconnect':
        return undefined
      default:
        return { ok: 1 }
    }
  }

  #of(collection: string): Document[] {
    const documents = this.#collections.get(collection) ?? []
    this.#collections.set(collection, documents)
    return documents
  }

  #insert(documents: Document[], command: Document): Document {
    const writeErrors: Document[] = []
    for (const [index, each] of command['documents'].entries()) {
      const isThere = documents.some(({ _id }) => String(_id) === String(each._id))
      const errmsg = `E11000 duplicate key error collection: app.users index: _id_ dup key: { _id: "${each._id}" }`
      if (isThere) writeErrors.push({ index, code: 11000, errmsg, keyValue: { _id: each._id } })
      else documents.push(each)
    }
    return { ok: 1, n: command['documents'].length, ...(writeErrors.length > 0 ? { writeErrors } : {}) }
  }

  #page({ batchSize = 101, ...command }: Document, all: Document[], batch: string = 'firstBatch'): Document {
    const left = all.slice(batchSize)
    const ns = `${command['$db']}.${command['collection'] ?? Object.values(command)[0]}`
    const id = BSON.Long.fromNumber(left.length > 0 ? this.#cursors.size + 1 : 0)
    if (left.length > 0) this.#cursors.set(String(id), left)
    return { ok: 1, cursor: { id, ns, [batch]: all.slice(0, batchSize) } }
  }
}

function matches(filter: Document = {}): (document: Document) => boolean {
  return (document) =>
    Object.entries(filter).every(([key, value]) => typeof value === 'object' || document[key] === value)
}
