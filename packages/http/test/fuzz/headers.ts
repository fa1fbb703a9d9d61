import fc from 'fast-check'

/** Headers of a request: names and values, in characters of one byte. */
export type HeaderSet = readonly (readonly [name: string, value: string])[]

/** Formats of ids; `all` reads them one after the other. */
export type FormatName = 'requestId' | 'w3c' | 'b3' | 'all'

/** Part of every invented text, and of nothing else, so that it is found wherever it leaks to. */
export const MARKER = 'zQ7xWv'

const text = (characters: string | readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength })

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: 0n, max: 16n ** BigInt(digits) - 1n }).map((id) => id.toString(16).padStart(digits, '0'))

const printable = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((each) =>
  /[\t -~\x80-\xff]/.test(each),
)
const control = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter((each) => each !== '\t')

const junk = fc.tuple(text(printable, 60), text(printable, 60)).map((parts) => parts.join(MARKER))
/** Values that end the request, or would end it in a lax parser. Rare, since each takes a connection of its own. */
const broken = fc.oneof(
  fc.tuple(junk, fc.constantFrom(...control, '\x7f', '\r\n ', '\r\n\t'), junk).map((parts) => parts.join('')),
  fc.constant(`${MARKER}\r\nX-Request-Id: 42:43`),
  fc.constant(MARKER.repeat(4_000)),
)

const id = fc.oneof(
  fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 66n }),
  fc.constantFrom(0n, 1n, 42n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n),
)
const decimal = fc.tuple(fc.constantFrom('', '', '', '0', '000'), id).map(([zeros, value]) => `${zeros}${value}`)

const requestIds = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(decimal, decimal).map((ids) => ids.join(':')) },
  { weight: 1, arbitrary: text('0123456789::- +x,\t"\u00b2', 50) },
  { weight: 1, arbitrary: fc.uuid() },
)

const flags = fc.constantFrom('00', '01', '01', '02', '03', 'ff', '0g', '1')
const upper = fc.oneof(hex(16), fc.constant('0'.repeat(16)))
const lower = fc.oneof({ weight: 5, arbitrary: hex(16) }, { weight: 1, arbitrary: fc.constant('0'.repeat(16)) })
const traceparents = fc
  .tuple(
    fc.constantFrom('00', '00', '00', 'cc', 'ff', '0'),
    upper,
    lower,
    lower,
    flags,
    fc.constantFrom('', '', '', '', '-more'),
  )
  .map(([version, high, low, span, flag, rest]) => `${version}-${high}${low}-${span}-${flag}${rest}`)
const members = fc.tuple(text('abcz019_-*/@', 12), text('abc019 =;', 12)).map((parts) => parts.join(`=${MARKER}`))
const tracestates = fc.array(members, { maxLength: 5 }).map((list) => list.join(' , '))

const decision = fc.constantFrom('', '-0', '-1', '-1', '-d', '-true', '-2', `-1-${'a'.repeat(16)}`)
const b3Ids = fc.tuple(
  fc.oneof(
    lower,
    fc.tuple(upper, lower).map((parts) => parts.join('')),
  ),
  lower,
)
const singles = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(b3Ids, decision).map(([ids, rest]) => ids.join('-') + rest) },
  { weight: 1, arbitrary: fc.constantFrom('0', '1', 'd', '', '0-', '-') },
)

/** Changes a value slightly: a character is replaced, removed or inserted, or something is appended. */
function nearly(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(values, fc.nat(60), fc.nat(2), fc.constantFrom(...printable))
    .map(([value, at, less, more]) => value.slice(0, at) + more + value.slice(at + less))
}

const spaces = fc.constantFrom('', '', '', ' ', '\t', ' \t ')

function line(names: readonly string[], values: fc.Arbitrary<string>): fc.Arbitrary<HeaderSet[number]> {
  const wrapped = fc.tuple(spaces, values, spaces).map((parts) => parts.join(''))
  return fc.tuple(
    fc.constantFrom(...names),
    fc.oneof(
      { weight: 80, arbitrary: wrapped },
      { weight: 20, arbitrary: nearly(values) },
      { weight: 20, arbitrary: junk },
      { weight: 1, arbitrary: broken },
    ),
  )
}

const ofRequestId = line(['X-Request-Id', 'x-request-ID'], requestIds)
const ofW3c = [line(['traceparent', 'TraceParent'], traceparents), line(['tracestate', 'Tracestate'], tracestates)]
const ofB3 = [
  line(['b3', 'B3'], singles),
  line(
    ['X-B3-TraceId'],
    b3Ids.map(([trace]) => trace),
  ),
  line(['X-B3-SpanId'], lower),
  line(['X-B3-Sampled', 'x-b3-sampled', 'X-B3-Flags'], fc.constantFrom('0', '1', 'd', 'true', 'false')),
  line(['X-B3-ParentSpanId'], lower),
]
const other = line(['X-Other', 'Cookie', 'Forwarded', 'X-Request-Id2'], junk)
const token = fc.tuple(fc.constant('X-Token'), fc.constantFrom('right', 'right', 'right', MARKER))

const LINES: Readonly<Record<FormatName, readonly fc.Arbitrary<HeaderSet[number]>[]>> = {
  requestId: [ofRequestId, ofRequestId, other],
  w3c: [...ofW3c, ofRequestId],
  b3: [...ofB3, ofRequestId],
  all: [ofRequestId, ...ofW3c, ...ofB3, other],
}

/** What an untrusted client may send: mostly ids of a format that are right or nearly so. */
export function headerSets(format: FormatName): fc.Arbitrary<HeaderSet> {
  const lines = fc.array(fc.oneof(...LINES[format]), { maxLength: format === 'requestId' ? 2 : 4 })
  return fc.tuple(token, lines).map(([first, rest]) => [first, ...rest])
}
