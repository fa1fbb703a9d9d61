import { isNativeError } from 'node:util/types'
import { withMessage } from './shortened-error.js'
import { isObject, read } from './wrapping.js'

/** What Redis says with the name of a command in quotes, which the span has in its name, too. */
const NAMED = /^ERR (?:unknown command|wrong number of arguments for|invalid expire time in) (['`])[\w.|-]+\1/
/** From a quote to the last like it, since a value may hold quotes; to the end, where Redis has cut it. No apostrophe as in `can't`. */
const QUOTED = [/(?<![a-z])'.*'|(?<![a-z])'.*$/is, /".*"|".*$/s, /`.*`|`.*$/s]
/** What stands unquoted behind these is what was sent. */
const REPEATED = /,? (?:with args beginning with:|near) .*$/s
const SCRIPTS = /^(?:EVAL|EVALSHA|FCALL)(?:_RO)?$/
const OF_SCRIPT = /\buser_(?:script|function)\b/
/** Each reply of Redis begins with one, and a script may do without. */
const CODE = /^[A-Z]+(?= |$)/

/** The errors of scripts, which node-redis publishes again for the pipeline that they are in, without their command. */
const ofScripts = new WeakSet<object>()

/**
 * The error of a command, a transaction or a connection without what the program sent: Redis repeats that in quotes and, rarely, as it
 * is. Of an error that a script makes, only the code is left: its text is the script's own.
 *
 * @param name the command's, in capitals
 */
export function redisError(error: unknown, name: string, args?: readonly unknown[]): unknown {
  if (!isObject(error)) return error
  const message = String(read(error, 'message'))
  if (SCRIPTS.test(name)) ofScripts.add(error)
  const masked = ofScripts.has(error) || OF_SCRIPT.test(message) ? codeOf(message) : maskedText(message, args)
  return masked === message ? error : withMessage(error, masked)
}

/** The first error among the replies of a transaction, with which Redis goes on: neither client publishes an error then. */
export function errorAmong(replies: unknown): unknown {
  if (!Array.isArray(replies)) return undefined
  for (const reply of replies) {
    // ioredis gives a pair for each command.
    const error: unknown = Array.isArray(reply) && reply.length <= 2 ? reply[0] : reply
    if (isNativeError(error)) return error
  }
  return undefined
}

function codeOf(message: string): string {
  const code = CODE.exec(message)?.[0]
  return code === undefined ? '?' : `${code} ?`
}

function maskedText(message: string, args: readonly unknown[] = []): string {
  const kept = NAMED.exec(message)?.[0] ?? ''
  let masked = message.slice(kept.length).replace(REPEATED, ' ?')
  for (const quoted of QUOTED) masked = masked.replace(quoted, '?')
  for (const argument of args) masked = withoutWord(masked, String(argument))
  return kept + masked
}

/** Leaves it where it is a part of another word. */
function withoutWord(message: string, word: string): string {
  if (word === '' || word === '?') return message
  let at = message.indexOf(word)
  let left = ''
  let rest = message
  while (at !== -1) {
    const isWord = !/\w$/.test(left + rest.slice(0, at)) && !/^\w/.test(rest.slice(at + word.length))
    left += rest.slice(0, at) + (isWord ? '?' : word)
    rest = rest.slice(at + word.length)
    at = rest.indexOf(word)
  }
  return left + rest
}
