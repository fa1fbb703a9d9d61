/** The line that begins a document, with the line break before it. */
export const MARK: Buffer = Buffer.from('\n---')
/** The line that closes a document, with the line break before it. */
export const CLOSE: Buffer = Buffer.from('\n...')
export const LINE_FEED = 0x0a
const [RETURN, BLANK, TAB, PLUS] = [0x0d, 0x20, 0x09, 0x2b]

/** The head of a text block that keeps its empty lines, at the end of a line: `key: |2+`. */
const KEEPING_BLOCK = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'\s][^"]*): (?:!\S+ )?[|>]\d?\+$/

/** Where the next line `---` begins, counted from the line break before it; below 0 if there is none. */
export function nextMark(window: Buffer, from: number, final: boolean): number {
  for (let at = window.indexOf(MARK, from); at >= 0; at = window.indexOf(MARK, at + 1)) {
    if (endsWord(window, at + MARK.length, final)) return at
  }
  return -1
}

export function lastMark(window: Buffer, before: number): number {
  for (let at = window.lastIndexOf(MARK, before); at >= 0; at = at === 0 ? -1 : window.lastIndexOf(MARK, at - 1)) {
    if (endsWord(window, at + MARK.length, false)) return at
  }
  return -1
}

function endsWord(window: Buffer, at: number, final: boolean): boolean {
  const byte = window[at]
  if (byte === undefined) return final
  return byte === LINE_FEED || byte === RETURN || byte === BLANK || byte === TAB
}

/** Where the first line `...` begins; below 0 if there is none. */
export function closingLine(bytes: Buffer, from: number, final: boolean): number {
  for (let at = bytes.indexOf(CLOSE, from); at >= 0; at = bytes.indexOf(CLOSE, at + 1)) {
    if (endsWord(bytes, at + CLOSE.length, final)) return at + 1
  }
  return -1
}

/** Where only white space follows. */
export function endOfText(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1])) end--
  return end
}

function isSpace(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === BLANK || byte === RETURN || byte === TAB
}

/**
 * Whether only white space, byte order marks, comments and directives follow.
 *
 * @param end where the text ends, as {@link endOfText} has it
 */
export function isBlank(bytes: Buffer, from = 0, end: number = endOfText(bytes)): boolean {
  if (end <= from) return true
  if (end - from > 10_000) return false
  // Line by line: one regular expression for all lines takes forever on a few dozen empty lines.
  const lines = bytes.toString('utf8', from, end).split('\n')
  return lines.every((line) => /^\s*(?:[#%]|$)/.test(line))
}

/**
 * Whether an empty line stands before a mark, as before each that this package writes. The Go package writes none, but it
 * may end a document by a text block that keeps its empty lines; that block's last line is indented, or is its head.
 */
export function standsApart(window: Buffer, mark: number, atStart: boolean): boolean {
  let end = mark
  let breaks = 0
  for (let at = end; at > 0 && isSpace(window[at - 1]); ) {
    at--
    if (window[at] !== LINE_FEED) continue
    breaks++
    end = window[at - 1] === RETURN ? at - 1 : at
  }
  if (end === 0 && atStart) return breaks > 1
  if (breaks === 0) return false
  const start = end === 0 ? 0 : window.lastIndexOf(LINE_FEED, end - 1) + 1
  if (window[start] === BLANK || window[start] === TAB) return false
  return window[end - 1] !== PLUS || !KEEPING_BLOCK.test(window.toString('utf8', Math.max(start, end - 2_000), end))
}
