// What a MongoDB driver talks to, as far as the driver needs it: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/.
// A server of MongoDB itself is in no registry that these tests install from.
const { createServer } = require('node:net')
const { BSON } = require('mongodb')

const HELLO = {
  ...{ ok: 1, isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 21, logicalSessionTimeoutMinutes: 30 },
  ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
}

function answerTo(command) {
  if ('hello' in command) return HELLO
  if (command.find === 'missing')
    return { ok: 0, code: 26, codeName: 'NamespaceNotFound', errmsg: 'no such collection' }
  if ('find' in command)
    return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: 'test.users', firstBatch: [{ name: 'ann' }] } }
  return { ok: 1, n: 1 }
}

const OP_MSG = 2013
/** The header, the flags, and the kind of the first section, which is the command. */
const BEFORE_COMMAND = 16 + 4 + 1

function replyTo(message) {
  const command = BSON.deserialize(message.subarray(BEFORE_COMMAND), { allowObjectSmallerThanBufferSize: true })
  const body = BSON.serialize(answerTo(command))
  const reply = Buffer.alloc(BEFORE_COMMAND + body.length)
  reply.writeInt32LE(reply.length, 0)
  reply.writeInt32LE(message.readInt32LE(4), 8)
  reply.writeInt32LE(OP_MSG, 12)
  reply.set(body, BEFORE_COMMAND)
  return reply
}

/** @returns the server, which listens on a free port */
exports.startMongodbPeer = () => {
  const server = createServer((socket) => {
    let left = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      left = Buffer.concat([left, chunk])
      while (left.length >= 4 && left.length >= left.readInt32LE(0)) {
        const length = left.readInt32LE(0)
        socket.write(replyTo(left.subarray(0, length)))
        left = left.subarray(length)
      }
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
