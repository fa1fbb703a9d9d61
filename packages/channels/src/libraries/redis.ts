import type { ChannelMessage, ChannelSpans, WritingSpans } from '../channel/trace-channel.js'
import { addWhere, text, where } from './message.js'
import { errorAmong, redisError } from './redis-error.js'

// The channels of ioredis (https://github.com/redis/ioredis, lib/tracing.ts) and node-redis (https://github.com/redis/node-redis,
// packages/client/lib/client/tracing.ts), and OpenTelemetry's keys (https://opentelemetry.io/docs/specs/semconv/database/redis/).

/**
 * Commands whose first argument is a key (https://redis.io/docs/latest/commands/). Both libraries mask less than we do: they publish
 * the values of `GETSET` and `CONFIG SET`, and members of sets.
 */
const KEYED =
  /^(?:GET|GETDEL|GETEX|GETRANGE|GETSET|SET|SETEX|SETNX|SETRANGE|PSETEX|APPEND|STRLEN|SUBSTR|INCR|INCRBY|INCRBYFLOAT|DECR|DECRBY|MGET|MSET|MSETNX|DEL|UNLINK|EXISTS|EXPIRE|EXPIREAT|EXPIRETIME|PEXPIRE|PEXPIREAT|PEXPIRETIME|TTL|PTTL|PERSIST|TYPE|DUMP|RESTORE|RENAME|RENAMENX|COPY|TOUCH|WATCH|SORT|SORT_RO|BITCOUNT|BITFIELD|BITFIELD_RO|BITPOS|GETBIT|SETBIT|H[A-Z]+|L[A-Z]+|R(?:POP|POPLPUSH|PUSH|PUSHX)|BL(?:MOVE|POP)|BR(?:POP|POPLPUSH)|S(?:ADD|CARD|DIFF|DIFFSTORE|INTER|INTERSTORE|ISMEMBER|MEMBERS|MISMEMBER|MOVE|POP|RANDMEMBER|REM|SCAN|UNION|UNIONSTORE)|Z[A-Z]+|BZPOP(?:MAX|MIN)|XADD|XACK|XAUTOCLAIM|XCLAIM|XDEL|XLEN|XPENDING|XRANGE|XREVRANGE|XSETID|XTRIM|GEO[A-Z]+|PF(?:ADD|COUNT|MERGE)|PUBLISH|SPUBLISH)$/
/** Of those letters, but not of keys. */
const NOT_KEYED = /^(?:HELLO|LASTSAVE|LOLWUT|LATENCY|ZDIFF|ZINTER|ZINTERCARD|ZUNION|LMPOP|ZMPOP)$/
/** How long a key is recorded at most, in characters, and how many `?` stand for arguments. */
const [MAX_KEY, MAX_ARGUMENTS] = [256, 20]

interface Command {
  /** In capitals. */
  readonly name: string
  readonly isKeyed: boolean
}

/** Programs repeat a few commands. Whatever else they send is looked at each time. */
const MAX_REMEMBERED = 500
const remembered = new Map<unknown, Command>()

function commandOf({ command }: ChannelMessage): Command {
  const known = remembered.get(command)
  if (known !== undefined) return known
  const name = text(command).toUpperCase() || 'COMMAND'
  const made = { name, isKeyed: KEYED.test(name) && !NOT_KEYED.test(name) }
  if (typeof command === 'string' && command.length < MAX_KEY && remembered.size < MAX_REMEMBERED)
    remembered.set(command, made)
  return made
}

/** The command with its key; each other argument becomes `?`. */
export function queryText(message: ChannelMessage): string {
  const { name, isKeyed } = commandOf(message)
  const published = argumentsOf(message)
  const first = firstOf(published, name)
  const end = Math.min(published.length, first + MAX_ARGUMENTS)
  let shown = name
  for (let at = first; at < end; at++) {
    shown += isKeyed && at === first ? ` ${String(published[at]).slice(0, MAX_KEY)}` : ' ?'
  }
  return end < published.length ? `${shown} …` : shown
}

function argumentsOf({ args }: ChannelMessage): readonly unknown[] {
  return Array.isArray(args) ? args : []
}

/** node-redis has the command itself in front. */
function firstOf([front]: readonly unknown[], name: string): number {
  return typeof front === 'string' && front.length === name.length && front.toUpperCase() === name ? 1 : 0
}

/** A key is recorded anyway, and what else a command on a key may fail with has only words of Redis. */
function errorOf(message: ChannelMessage): unknown {
  const { name, isKeyed } = commandOf(message)
  if (isKeyed) return redisError(message['error'], name)
  const published = argumentsOf(message)
  // Behind the subcommand, such as the SET of CONFIG SET.
  return redisError(message['error'], name, published.slice(firstOf(published, name) + 1))
}

const withoutArguments = ({ error }: ChannelMessage): unknown => redisError(error, '')

const whereOf = (message: ChannelMessage): Record<string, unknown> => where('redis', message)

const command: WritingSpans = {
  kind: 'cache',
  name: (message) => commandOf(message).name,
  begin: (data, message) => {
    addWhere(data, 'redis', message)
    data['db.operation.name'] = commandOf(message).name
    data['db.query.text'] = queryText(message)
  },
  isLeaf: true,
  error: errorOf,
}

const batch: WritingSpans = {
  kind: 'cache',
  name: ({ batchMode }) => text(batchMode) || 'batch',
  data: (message) => ({
    ...whereOf(message),
    'db.operation.name': text(message['batchMode']) || undefined,
    'db.operation.batch.size': message['batchSize'],
  }),
  error: withoutArguments,
  resultError: ({ result }) => redisError(errorAmong(result), ''),
}

const connect: ChannelSpans = { kind: 'cache', name: 'connect to redis', data: whereOf, error: withoutArguments }

export const redisChannels: Readonly<Record<string, ChannelSpans>> = {
  'ioredis:command': command,
  'ioredis:batch': batch,
  'ioredis:connect': connect,
  'node-redis:command': command,
  'node-redis:batch': batch,
  'node-redis:connect': connect,
}
