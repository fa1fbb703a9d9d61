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
