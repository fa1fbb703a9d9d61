/**
 * Text from anywhere as it may stand in a line of a terminal or a log: control characters, marks that turn the direction
 * of writing, and line breaks are shown by their code.
 *
 * @param most at most so many characters are kept; default 300
 */
export function onOneLine(text: string, most = 300): string {
  const visible = text
    .slice(0, most)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
  return text.length > most ? `${visible}…` : visible
}

/** Characters that take two columns of a terminal: those of East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const COMBINING = /\p{M}/u

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

/** A text cut or filled up with spaces to exactly so many columns. */
export function fit(text: string, columns: number): string {
  const width = columnsOf(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = widthOf(character)
    if (used + next > columns - 1) break
    kept += character
    used += next
  }
  return `${kept}…${' '.repeat(columns - 1 - used)}`
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
