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
  return withMessage(error, at === -1 ? message : `${message.slice(0, at).trimEnd()} ?`)
}

/** An error like another with another message, in its stack, too, and without its cause. */
export function withMessage(error: object, message: string): object {
  const own = String(read(error, 'message'))
  const stack = String(read(error, 'stack'))
  return Object.create(error, {
    message: { value: message },
    stack: { value: stack.includes(own) ? stack.replaceAll(own, () => message) : undefined },
    cause: { value: undefined },
  })
}
