import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
// The last release of OpenTelemetry's own code that has the official definitions, compiled: later ones only serialize.
import root from 'otlp-transformer-that-decodes/build/src/generated/root.js'
import { runs } from '../../../../.config/runs.js'
import { otlpOfProtobuf } from '../../src/receiver/protobuf.js'

interface Message {
  fromObject(document: object): object
  encode(message: object): { finish(): Uint8Array }
}

// Its types do not say what it has.
const ExportTraceServiceRequest: Message = Reflect.get(root, 'opentelemetry').proto.collector.trace.v1
  .ExportTraceServiceRequest

const bytes = (...numbers: number[]): Buffer => Buffer.from(numbers)

/** OpenTelemetry's own code writes it. */
function encoded(document: object): Buffer {
  return Buffer.from(ExportTraceServiceRequest.encode(ExportTraceServiceRequest.fromObject(document)).finish())
}

const hex = (digits: string): string => Buffer.from(digits, 'hex').toString('base64')

test("every field is read as OpenTelemetry's own code writes it", () => {
  const attributes = [
    { key: 'text', value: { stringValue: 'ä\u{1f680}' } },
    { key: 'bool', value: { boolValue: true } },
    { key: 'negative', value: { intValue: '-9223372036854775808' } },
    { key: 'double', value: { doubleValue: -0.1 } },
    { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, {}] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'x', value: { intValue: '2' } }] } } },
    { key: 'bytes', value: { bytesValue: 'AQID' } },
  ]
  const [trace, span, parent] = ['5b8efff798038103d269b633813fc60c', 'eee19b7ec3c1b174', 'eee19b7ec3c1b173']
  const spanOf = (id: (digits: string) => string, integer: (text: string) => unknown) => ({
    traceId: id(trace),
    spanId: id(span),
    traceState: 'a=1',
    parentSpanId: id(parent),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: integer('1544712660000000000'),
    endTimeUnixNano: integer('18446744073709551615'),
    droppedAttributesCount: 1,
    events: [{ timeUnixNano: integer('1'), name: 'e', attributes: [], droppedAttributesCount: 2 }],
    droppedEventsCount: 3,
    links: [{ traceId: id(trace), spanId: id(span), traceState: 'b=2', attributes: [] }],
    droppedLinksCount: 4,
    status: { message: 'no', code: 2 },
    flags: 0x301,
  })
  const document = {
    resourceSpans: [
      {
        resource: { attributes },
        scopeSpans: [{ scope: { name: 'lib', version: '1' }, spans: [spanOf(hex, String)] }],
        schemaUrl: 'ignored',
      },
    ],
  }
  const read = otlpOfProtobuf(encoded(document))
  const integers = (list: typeof attributes): unknown =>
    JSON.parse(JSON.stringify(list), (key, value) => (key === 'intValue' ? BigInt(value) : value))
  const expected = spanOf((digits) => digits, BigInt)
  // An empty list is none in the binary form.
  const without = ({ attributes: _, ...rest }: { attributes: unknown }) => rest
  expect(read).toEqual({
    resourceSpans: [
      {
        resource: { attributes: integers(attributes) },
        scopeSpans: [
          {
            scope: { name: 'lib', version: '1' },
            spans: [{ ...expected, events: expected.events.map(without), links: expected.links.map(without) }],
          },
        ],
      },
    ],
  })
})

describe('what is no request', () => {
  test.each([
    ['a field that goes beyond its message', bytes(0x0a, 5, 1)],
    ['a field that goes beyond its message', bytes(0x0a)],
    ['an integer of more than 10 bytes', bytes(0x08, ...new Array<number>(11).fill(0xff))],
    ['a field of the unknown wire type 3', bytes(0x0b)],
  ])('is refused: %s', (what, body) => {
    expect(() => otlpOfProtobuf(body)).toThrow(`OTLP: expected protocol buffers, got ${what}, by byte `)
  })

  test('is refused where it is too deep, or has too many messages', () => {
    let value: Buffer = Buffer.alloc(0)
    const inside = (field: number, inner: Buffer): Buffer => {
      const length: number[] = []
      let rest = inner.length
      for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) | 0x80)
      return Buffer.concat([bytes((field << 3) | 2, ...length, rest), inner])
    }
    for (let level = 0; level < 200; level++) value = inside(level % 2 === 0 ? 1 : 5, value)
    const deep = inside(1, inside(1, inside(1, inside(2, value))))
    expect(() => otlpOfProtobuf(deep)).toThrow('more than 100 levels')
    const many = Buffer.alloc(2_000_004)
    for (let at = 0; at < many.length; at += 2) many[at] = 0x0a
    expect(() => otlpOfProtobuf(many)).toThrow('more than 1000000 messages')
  })

  test('never leads to anything but a refusal', () => {
    const good = encoded({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: hex('01'.repeat(16)), spanId: hex('02'.repeat(8)) }] }] }],
    })
    const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length)).map(([at, value, length]) => {
      const copy = Buffer.from(good)
      copy[at] = value
      return copy.subarray(0, length)
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
          damaged,
        ),
        (body) => {
          try {
            expect(typeof otlpOfProtobuf(body)).toBe('object')
          } catch (error) {
            expect(error).toMatchObject({ code: 'TRACE_BAD_IMPORT' })
          }
        },
      ),
      { numRuns: runs(1_000) },
    )
  })
})
