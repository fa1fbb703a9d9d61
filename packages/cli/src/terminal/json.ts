import { formatTime, onOneLine } from '@trace/core/spans'

/** A line of JSON. Bigints become decimal text, since they may be beyond what a JSON number keeps. */
export function jsonLine(value: object): string {
  return printable(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)))
}

/**
 * A span as a line of JSON, which other programs read as a span, too.
 *
 * @param line as it is stored
 * @param place where it stands, if that was asked for
 */
export function spanLine(line: string, place: string | undefined): string {
  const object = line.trimEnd()
  return printable(place === undefined ? object : `${object.slice(0, -1)},"place":${JSON.stringify(place)}}`)
}

/** The same JSON, with what a terminal may obey written as escapes: a line may be looked at by a person, too. */
export function printable(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    Array.from({ length: c.length }, (_, at) => `\\u${c.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** How much of a line of a message is kept, in characters. */
const MOST_OF_LINE = 2_000

/** A message of several lines, none of which a terminal obeys. */
export function printableLines(message: string): string {
  return message
    .split('\n')
    .map((line) => onOneLine(line, MOST_OF_LINE))
    .join('\n')
}

/** The time of day in UTC, to the millisecond; outside of the years 0000 to 9999 the nanoseconds as text. */
export function clockText(time: bigint): string {
  const text = timeText(time - (time % 1_000_000n))
  const [, clock, digits = ''] = /T(\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(text) ?? []
  return clock === undefined ? text : `${clock}.${digits.padEnd(3, '0')}`
}

/** A moment as RFC 3339; outside of the years 0000 to 9999 the nanoseconds as text. */
export function timeText(time: bigint): string {
  try {
    return formatTime(time)
  } catch {
    return String(time)
  }
}
