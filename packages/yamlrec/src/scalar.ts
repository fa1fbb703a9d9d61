/**
 * Text that YAML 1.1 and 1.2 both read as the same string, on either side of a colon. It begins with a letter, `_` or `/`. It has
 * blanks and colons only one at a time, between other characters. It is not a word that a reader takes for something else (nor `e1`,
 * which some take for a float). All other text is quoted, which is never wrong.
 */
function isPlain(text: string): boolean {
  const first = KINDS[text.charCodeAt(0)] ?? 0
  if (first < LETTER || (first === WORDS_FIRST && WORD.test(text))) return false
  let before = first
  // A table takes a third of the time of a regular expression.
  for (let at = 1; at < text.length; at++) {
    const kind = KINDS[text.charCodeAt(at)] ?? 0
    if (kind === 0 || (kind === BETWEEN && before === BETWEEN)) return false
    before = kind
  }
  return before !== BETWEEN
}

const BETWEEN = 1
const INSIDE = 2
const LETTER = 3
const WORDS_FIRST = 4
/** By character, where it may stand: 0 is nowhere. */
const KINDS = new Uint8Array(128)
for (const char of ' :') KINDS[char.charCodeAt(0)] = BETWEEN
for (const char of '0123456789.@+=?&%(),;~$*!-') KINDS[char.charCodeAt(0)] = INSIDE
for (const char of '_/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') KINDS[char.charCodeAt(0)] = LETTER
for (const char of 'efintoyEFINTOY') KINDS[char.charCodeAt(0)] = WORDS_FIRST
const WORD = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity|e[-+]?\d+)$/i

/** Characters that JSON leaves unescaped, and YAML either forbids or takes for a line break or a byte order mark. */
const RAW_IN_JSON = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/** A string as YAML: plain where that is safe, otherwise in double quotes. A lone surrogate becomes U+FFFD. */
export function stringText(value: string): string {
  return isPlain(value) ? value : quoted(value)
}

/** A string in double quotes, with only those escapes that JSON and YAML share. */
export function quoted(value: string): string {
  return JSON.stringify(value.toWellFormed()).replace(RAW_IN_JSON, escaped)
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * A number as YAML. If it is not a safe integer, it has a dot, and its exponent has a sign: so YAML 1.1 takes it for a float,
 * and a reader can tell it from a bigint.
 */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf'
  const text = String(value)
  if (text.includes('.')) return text
  const exponent = text.indexOf('e')
  return exponent < 0 ? `${text}.0` : `${text.slice(0, exponent)}.0${text.slice(exponent)}`
}

/** Reading an integer of n digits costs n²; the longest bigint that core records has 1,234 digits. */
const MAX_DIGITS = 2_000

const INTEGER = /^[-+]?[0-9]+$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const BASED = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...['true', 'True', 'TRUE'].map((word): [string, boolean] => [word, true]),
  ...['false', 'False', 'FALSE'].map((word): [string, boolean] => [word, false]),
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, null] => [word, null]),
])

/**
 * The value of a scalar without quotes or tag, by the core schema of YAML 1.2. What only YAML 1.1 knows, such as `yes`, `1_000` or a
 * timestamp, is a string: writers of YAML 1.1 quote strings that look like these.
 *
 * @returns an integer that a number cannot hold exactly is a bigint
 */
export function plainValue(text: string): string | number | bigint | boolean | null {
  if (text.length <= 5) {
    const word = WORDS.get(text)
    if (word !== undefined) return word
  }
  // Letters and slashes, the most common beginnings, cannot start a number.
  if (text.charCodeAt(0) > 0x39 || text.startsWith('/')) return text
  if (INTEGER.test(text)) return integerValue(text)
  if (FLOAT.test(text)) return Number(text)
  if (INFINITY.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return NaN
  return BASED.test(text) ? integerValue(text) : text
}

function integerValue(text: string): number | bigint | string {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  return text.length > MAX_DIGITS ? text : BigInt(text)
}
