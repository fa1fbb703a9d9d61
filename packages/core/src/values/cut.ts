/** The first characters of a text, as a copy: what `slice` returns keeps the whole text in memory. */
export function cutTo(length: number, text: string): string {
  const first = text.slice(0, length)
  const encoding = /[\u0100-\uffff]/.test(first) ? 'utf16le' : 'latin1'
  return Buffer.from(first, encoding).toString(encoding)
}

/** A text that is too long is cut, and the cut is marked. */
export function cutAndMarked(most: number, text: string): string {
  return text.length > most ? `${cutTo(most, text)}… [cut: ${text.length} characters]` : text
}
