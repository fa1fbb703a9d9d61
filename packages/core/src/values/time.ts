const SECOND = 1_000_000_000n
/** The range of RFC 3339, 0000-01-01T00:00:00Z to 10000-01-01T00:00:00Z, in nanoseconds since the Unix epoch. */
export const FIRST_TIME: bigint = -62_167_219_200n * SECOND
export const END_TIME: bigint = 253_402_300_800n * SECOND

/** The last second that was formatted, in nanoseconds since the Unix epoch. Most spans of a batch share it. */
let lastSecond = 0n
let lastText = '1970-01-01T00:00:00.'

/**
 * Formats a time by RFC 3339, in UTC, with nanoseconds but no trailing zeros: `2015-10-20T13:14:15.1234Z`.
 *
 * @param time nanoseconds since the Unix epoch
 * @throws {RangeError} outside the years 0000 to 9999
 */
export function formatTime(time: bigint): string {
  const fraction = fractionOf(time)
  const micros = Math.floor(fraction / 1_000)
  const millis = Math.floor(micros / 1_000)
  if (fraction === 0) return `${lastText.slice(0, -1)}Z`
  // V8 makes one piece of so short a text, and so two of the whole.
  const digits = `${DIGITS[millis]}${DIGITS[micros % 1_000]}${DIGITS[fraction % 1_000]}Z`
  return lastText + (fraction % 10 === 0 ? digits.replace(/0+Z$/, 'Z') : digits)
}

/**
 * The nanoseconds of a time within its second, of which {@link lastSecondText} is the text then.
 *
 * @throws {RangeError} outside the years 0000 to 9999
 */
export function fractionOf(time: bigint): number {
  const fraction = Number(time - lastSecond)
  return fraction < 0 || fraction >= 1e9 ? enterSecond(time) : fraction
}

/** Such as `2015-10-20T13:14:15.` */
export function lastSecondText(): string {
  return lastText
}

/** The numbers as three digits. V8 would put the text of each number into a cache of a megabyte. */
const DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'))

/** @returns the fraction of the second, in nanoseconds */
function enterSecond(time: bigint): number {
  const fraction = ((time % SECOND) + SECOND) % SECOND
  const second = time - fraction
  if (second < FIRST_TIME || second >= END_TIME) throw new RangeError(`time out of range: ${time} ns`)
  lastText = new Date(Number(second / 1_000_000n)).toISOString().slice(0, 20)
  lastSecond = second
  return Number(fraction)
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/**
 * Reads a time by RFC 3339, in any zone. Digits beyond the nanosecond are cut off. Never throws.
 *
 * @returns nanoseconds since the Unix epoch; undefined if the text is not such a time
 */
export function parseTime(text: string): bigint | undefined {
  const parts = RFC_3339.exec(text)
  if (parts === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = ''] = parts
  const [, , , , , , , , sign, zoneHour = '0', zoneMinute = '0'] = parts
  const date = new Date(0)
  date.setUTCFullYear(+year, +month - 1, +day)
  if (date.getUTCMonth() !== +month - 1 || date.getUTCDate() !== +day) return undefined
  if (+hour > 23 || +minute > 59 || +second > 59) return undefined
  if (+zoneHour > 23 || +zoneMinute > 59) return undefined
  const zone = (+zoneHour * 60 + +zoneMinute) * (sign === '-' ? -60 : 60)
  const seconds = date.getTime() / 1000 + +hour * 3600 + +minute * 60 + +second - zone
  return BigInt(seconds) * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}
