import { read } from './wrapping.js'

/** A mark of quotation, in whatever language. An apostrophe between two letters, as in "doesn't", is none. */
export const QUOTE: RegExp = /(?<!\p{L})'|'(?!\p{L})|["`«»„‚]|\p{Pi}|\p{Pf}/u

/**
 * An error like another, whose message ends where a value may begin; its stack, which repeats the message, too. What caused it is left
 * out, since that may repeat the value.
 *
 * @param value matches the beginning of a value in the message
 */
export function shortened(error: object, value: RegExp): object {
  const message = String(read(error, 'message'))
  return withMessage(error, cutAt(message, message.search(value)))
}

/** A message as far as a place in it; all of it at -1. */
export function cutAt(message: string, at: number): string {
  return at === -1 ? message : `${message.slice(0, at).trimEnd()} ?`.trimStart()
}

/** An error like another with another message, in its stack, too, and without what caused it, or is in it. */
export function withMessage(error: object, message: string): object {
  const original = String(read(error, 'message'))
  const stack = String(read(error, 'stack'))
  return Object.create(error, {
    message: { value: message },
    stack: { value: stack.includes(original) ? stack.replaceAll(original, () => message) : undefined },
    cause: { value: undefined },
    errors: { value: undefined },
  })
}
