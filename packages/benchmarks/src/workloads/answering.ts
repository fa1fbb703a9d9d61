import { createServer } from 'node:net'
import { Duplex } from 'node:stream'

/** What a stand-in for a server answers to what a library has sent; nothing where it only waits for more. */
export type Answers = (sent: Buffer) => Buffer | undefined

/** Stands in for the connection to a server that answers at once, so that only the library's own work is measured. */
export class AnsweringStream extends Duplex {
  readonly #answers: Answers

  /** @param greeting what the server sends first */
  constructor(answers: Answers, greeting?: Buffer) {
    super()
    this.#answers = answers
    if (greeting !== undefined) this.push(greeting)
  }

  override _read(): void {}

  /** Answers later, since some libraries only note a command once they have written it. */
  override _write(sent: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const answer = this.#answers(sent)
    if (answer !== undefined) queueMicrotask(() => this.push(answer))
    done()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  setTimeout(): this {
    return this
  }
}

/**
 * For libraries that open their connections themselves: the same in this process, by a socket, of which all sides pay the price.
 *
 * @returns its port
 */
export function listen(answersOf: () => Answers): Promise<number> {
  const server = createServer((socket) => {
    const answers = answersOf()
    socket.on('error', () => {}).on('data', (sent) => void socket.write(answers(sent) ?? ''))
  })
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })
}

/** Redis answers `OK` to each command (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export const redisAnswers: Answers = (sent) => {
  const text = sent.toString('latin1')
  let commands = text.startsWith('*') ? 1 : 0
  for (let at = text.indexOf('\r\n*'); at !== -1; at = text.indexOf('\r\n*', at + 3)) commands++
  return Buffer.from('+OK\r\n'.repeat(commands))
}

/** A packet of MySQL: its length, its place in the exchange, and what it holds. */
function mysqlPacket(sequence: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, body])
}

/** `HandshakeV10` (https://mariadb.com/docs/server/reference/clientserver-protocol): a version, a salt, what it can do. */
export const MYSQL_GREETING: Buffer = mysqlPacket(
  0,
  Buffer.from('\x0a10.11.0-MariaDB\0', 'latin1'),
  Buffer.alloc(4),
  Buffer.from('12345678\0', 'latin1'),
  // Capabilities, of which the second half follows the character set and the status.
  Buffer.from([0xff, 0xf7, 0x2d, 0x02, 0x00, 0x0f, 0x80, 21]),
  Buffer.alloc(10),
  Buffer.from('123456789012\0mysql_native_password\0', 'latin1'),
)

const MYSQL_OK = Buffer.from([0, 0, 0, 2, 0, 0, 0])

/** MySQL answers that it is done. */
export const mysqlAnswers: Answers = (sent) => mysqlPacket((sent[3] ?? 0) + 1, MYSQL_OK)

function postgresMessage(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** What PostgreSQL answers to each message (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const POSTGRES_ANSWERS: Readonly<Record<string, Buffer>> = {
  P: postgresMessage('1'),
  // No parameters, no columns.
  D: Buffer.concat([postgresMessage('t', Buffer.alloc(2)), postgresMessage('n')]),
  B: postgresMessage('2'),
  E: postgresMessage('C', Buffer.from('SELECT 0\0')),
  S: postgresMessage('Z', Buffer.from('I')),
}

/** PostgreSQL lets everybody in, and finds no rows. */
export function postgresAnswers(): Answers {
  const welcome = Buffer.concat([postgresMessage('R', Buffer.alloc(4)), postgresMessage('Z', Buffer.from('I'))])
  let isKnown = false
  return (sent) => {
    if (!isKnown) {
      isKnown = true
      return welcome
    }
    const answers: Buffer[] = []
    for (let at = 0; at < sent.length; at += 1 + sent.readInt32BE(at + 1)) {
      const answer = POSTGRES_ANSWERS[String.fromCharCode(sent[at] ?? 0)]
      if (answer !== undefined) answers.push(answer)
    }
    return Buffer.concat(answers)
  }
}

/** pg connects a stream itself, and waits until it is. */
export function connectingStream(): AnsweringStream {
  const stream = new AnsweringStream(postgresAnswers())
  return Object.assign(stream, { connect: () => queueMicrotask(() => stream.emit('connect')) })
}

/** The opcodes of MongoDB (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). */
const [MONGO_REPLY, MONGO_QUERY, MONGO_MESSAGE] = [1, 2004, 2013]
const MONGO_HEADER = 16

/**
 * MongoDB answers what it is, and that it finds nothing.
 *
 * @param hello its answer of what it is, in BSON
 * @param nothing its answer to every other command, in BSON
 */
export function mongoAnswers(hello: Uint8Array, nothing: Uint8Array): Answers {
  let rest = Buffer.alloc(0)
  return (sent) => {
    rest = Buffer.concat([rest, sent])
    const answers: Buffer[] = []
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const message = rest.subarray(0, rest.readInt32LE(0))
      rest = rest.subarray(message.length)
      answers.push(mongoAnswer(message, message.includes('hello') ? hello : nothing, hello))
    }
    return Buffer.concat(answers)
  }
}

function mongoAnswer(message: Buffer, document: Uint8Array, hello: Uint8Array): Buffer {
  const isOld = message.readInt32LE(12) === MONGO_QUERY
  // Of the old reply: flags, a cursor, where it starts, how many documents; of a message: flags, and what follows.
  const before = isOld ? [...new Uint8Array(16), 1, 0, 0, 0] : new Uint8Array(5)
  const body = Buffer.concat([Uint8Array.from(before), isOld ? hello : document])
  const head = Buffer.alloc(MONGO_HEADER)
  const words = [MONGO_HEADER + body.length, 0, message.readInt32LE(4), isOld ? MONGO_REPLY : MONGO_MESSAGE]
  for (const [at, word] of words.entries()) head.writeInt32LE(word, at * 4)
  return Buffer.concat([head, body])
}
