import type { JSX } from 'preact'

/** Text of a trace within a line: what it does to the direction of writing, by its letters or by marks, ends with it. */
export function isolated(text: string | undefined): JSX.Element | string | undefined {
  // Most texts are such that do nothing, and need no element.
  return text === undefined || /^[ -~]*$/.test(text) ? text : <bdi>{text}</bdi>
}

/** A name within a line. */
export function nameText(name: string | undefined): JSX.Element | string | undefined {
  return name === '' ? '(no name)' : isolated(name)
}
