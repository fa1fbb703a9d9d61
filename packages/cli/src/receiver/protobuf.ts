import { type PlainValue, TraceError } from '@trace/core/spans'

/** How a field is read: as a scalar, or as a message of that name. */
type Type = 'text' | 'hex' | 'base64' | 'number' | 'bool' | 'double' | 'integer' | 'fixed64' | 'fixed32' | MessageName

interface Field {
  readonly name: string
  readonly type: Type
  readonly isList: boolean
}

type MessageName =
  | 'Request'
  | 'ResourceSpans'
  | 'Resource'
  | 'ScopeSpans'
  | 'Scope'
  | 'Span'
  | 'Event'
  | 'Link'
  | 'Status'
  | 'KeyValue'
  | 'AnyValue'
  | 'ArrayValue'
  | 'KeyValueList'

/** Fields by their number, with the names that they have in JSON; a star marks a list. */
const DEFINITIONS: Readonly<Record<MessageName, Readonly<Record<number, string>>>> = {
  Request: { 1: 'resourceSpans ResourceSpans*' },
  ResourceSpans: { 1: 'resource Resource', 2: 'scopeSpans ScopeSpans*' },
  Resource: { 1: 'attributes KeyValue*' },
  ScopeSpans: { 1: 'scope Scope', 2: 'spans Span*' },
  Scope: { 1: 'name text', 2: 'version text' },
  Span: {
    1: 'traceId hex',
    2: 'spanId hex',
    3: 'traceState text',
    4: 'parentSpanId hex',
    5: 'name text',
    6: 'kind number',
    7: 'startTimeUnixNano fixed64',
    8: 'endTimeUnixNano fixed64',
    9: 'attributes KeyValue*',
    10: 'droppedAttributesCount number',
    11: 'events Event*',
    12: 'droppedEventsCount number',
    13: 'links Link*',
    14: 'droppedLinksCount number',
    15: 'status Status',
    16: 'flags fixed32',
  },
  Event: { 1: 'timeUnixNano fixed64', 2: 'name text', 3: 'attributes KeyValue*', 4: 'droppedAttributesCount number' },
  Link: { 1: 'traceId hex', 2: 'spanId hex', 3: 'traceState text', 4: 'attributes KeyValue*' },
  Status: { 2: 'message text', 3: 'code number' },
  KeyValue: { 1: 'key text', 2: 'value AnyValue' },
  AnyValue: {
    1: 'stringValue text',
    2: 'boolValue bool',
    3: 'intValue integer',
    4: 'doubleValue double',
    5: 'arrayValue ArrayValue',
    6: 'kvlistValue KeyValueList',
    7: 'bytesValue base64',
  },
  ArrayValue: { 1: 'values AnyValue*' },
  KeyValueList: { 1: 'values KeyValue*' },
}

const MESSAGES: ReadonlyMap<string, ReadonlyMap<number, Field>> = new Map(
  Object.entries(DEFINITIONS).map(([name, fields]) => [
    name,
    new Map(Object.entries(fields).map(([number, text]) => [Number(number), fieldOf(text)])),
  ]),
)

function fieldOf(text: string): Field {
  const [name = '', type = ''] = text.split(' ')
  return { name, type: type.replace('*', '') as Type, isList: type.endsWith('*') }
}

/** How deep messages are read. Values have 16 levels here, of three messages each. */
const MOST_LEVELS = 100
/** How many messages are read: each takes far more memory than the two bytes of an empty one. */
const MOST_MESSAGES = 1_000_000

/**
 * Reads the binary form of an ExportTraceServiceRequest, or of a TracesData, which has the same.
 *
 * @returns the same as its JSON has. Fields that nobody here asks for are left out
 * @throws {TraceError} `TRACE_BAD_IMPORT` if it is none, or one of more than 100 levels or 1,000,000 messages
 */
export function otlpOfProtobuf(bytes: Buffer): PlainValue {
  return new ProtobufReader(bytes).message('Request', bytes.length, 0)
}

/** Of the tenth byte of an integer. */
const MOST_FACTOR = 0x80 ** 9

/** https://protobuf.dev/programming-guides/encoding/ */
class ProtobufReader {
  readonly #bytes: Buffer
  #at = 0
  #messages = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  message(name: string, end: number, level: number): Record<string, PlainValue> {
    if (level > MOST_LEVELS) throw this.#wrong(`more than ${MOST_LEVELS} levels`)
    if (++this.#messages > MOST_MESSAGES) throw this.#wrong(`more than ${MOST_MESSAGES} messages`)
    const fields = MESSAGES.get(name)
    const message: Record<string, PlainValue> = {}
    const lists = new Map<string, PlainValue[]>()
    while (this.#at < end) {
      const tag = this.#count(end)
      const [wire, field] = [tag & 7, fields?.get(Math.floor(tag / 8))]
      if (field === undefined || wire !== wireOf(field.type)) this.#skip(wire, end)
      else if (field.isList) {
        const list = lists.get(field.name) ?? []
        lists.set(field.name, list)
        message[field.name] = list
        list.push(this.#value(field.type, end, level))
      } else message[field.name] = this.#value(field.type, end, level)
    }
    return message
  }

  #value(type: Type, end: number, level: number): PlainValue {
    switch (type) {
      case 'number':
        return this.#count(end)
      case 'bool':
        return this.#count(end) !== 0
      case 'integer':
        return BigInt.asIntN(64, this.#varint(end))
      case 'fixed64':
        return this.#bytes.readBigUInt64LE(this.#take(8, end))
      case 'fixed32':
        return this.#bytes.readUInt32LE(this.#take(4, end))
      case 'double':
        return this.#bytes.readDoubleLE(this.#take(8, end))
    }
    const length = this.#count(end)
    const from = this.#take(length, end)
    if (type === 'text') return this.#bytes.toString('utf8', from, from + length)
    // Longer ones are no ids, and refused as such.
    if (type === 'hex') return this.#bytes.toString('hex', from, from + Math.min(length, 17))
    if (type === 'base64') return this.#bytes.toString('base64', from, from + length)
    this.#at = from
    return this.message(type, from + length, level + 1)
  }

  /** A varint as a number: what is beyond 2^53 is no length, tag or count that is of use, and need not be exact. */
  #count(end: number): number {
    let value = 0
    for (let factor = 1; factor <= MOST_FACTOR; factor *= 0x80) {
      const byte = this.#bytes[this.#take(1, end)] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw this.#wrong('an integer of more than 10 bytes')
  }

  #varint(end: number): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1, end)] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw this.#wrong('an integer of more than 10 bytes')
  }

  /** @returns where so many bytes begin, and goes behind them */
  #take(count: number, end: number): number {
    const from = this.#at
    if (from + count > end) throw this.#wrong('a field that goes beyond its message')
    this.#at = from + count
    return from
  }

  #skip(wire: number, end: number): void {
    if (wire === WIRE.varint) this.#count(end)
    else if (wire === WIRE.length) this.#take(this.#count(end), end)
    else if (wire === WIRE.fixed64) this.#take(8, end)
    else if (wire === WIRE.fixed32) this.#take(4, end)
    else throw this.#wrong(`a field of the unknown wire type ${wire}`)
  }

  #wrong(what: string): TraceError {
    return new TraceError('TRACE_BAD_IMPORT', `OTLP: expected protocol buffers, got ${what}, by byte ${this.#at}`)
  }
}

const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const

function wireOf(type: Type): number {
  if (type === 'number' || type === 'bool' || type === 'integer') return WIRE.varint
  if (type === 'fixed64' || type === 'double') return WIRE.fixed64
  return type === 'fixed32' ? WIRE.fixed32 : WIRE.length
}
