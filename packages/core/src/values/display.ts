/** Most texts are no other, and this is told in a tenth of the time. */
const PRINTABLE_ASCII = /^[ -~]*$/

/**
 * Makes any text safe for one line of a terminal or a log: line breaks, control characters and marks that change the direction of
 * writing are shown by their code.
 *
 * @param most how many characters are kept. Default 300
 */
export function onOneLine(text: string, most = 300): string {
  if (text.length <= most && PRINTABLE_ASCII.test(text)) return text
  const visible = text
    .slice(0, most)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
  return text.length > most ? `${visible}…` : visible
}
