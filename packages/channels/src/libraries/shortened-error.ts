import { read } from './wrapping.js'

/**
 * An error like another, whose message ends where a value may begin; its stack, which repeats the message, too. What caused it is left
 * out, since that may repeat the value.
 *
 * @param value matches the beginning of a value in the message
 */
export function shortened(error: object, value: RegExp): object {
  const message = String(read(error, 'message'))
  const at = message.search(value)
  const short = at === -1 ? message : `${message.slice(0, at).trimEnd()} ?`
  const stack = String(read(error, 'stack'))
  const shortStack = stack.includes(message) ? stack.replaceAll(message, () => short) : undefined
  return Object.create(error, {
    message: { value: short },
    stack: { value: shortStack },
    cause: { value: undefined },
  })
}
