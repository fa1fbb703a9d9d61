import type { PlainData, PlainValue, Span } from '@trace/core'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'

const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc.constantFrom(
    '',
    'a',
    '\u001b[31m',
    '"\\\n',
    '\ue0f0',
    '\ue0f0i12',
    '1234567890123456789',
    '"1234567890123456789"',
    '</script>',
    '\u202e',
    'NaN',
  ),
)

/** Bigints that fit into a number come back as numbers, from every store. */
const long = fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).chain((value) => fc.constantFrom(value, -value))

const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  long,
  fc.boolean(),
  fc.constant(null),
)

const value = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value

const key = fc.oneof(
  text,
  fc.constantFrom(
    'user.id',
    'error',
    'error.type',
    'error.message',
    'error.stack',
    'error.cause',
    'span.kind',
    'trace.kind',
    'trace.process',
    'trace.open',
    'data.x',
    'data.data.x',
    'events',
    'links',
    'events.dropped',
    'resource.service.version',
    'resource.service.name',
    'otel.scope.name',
    'w3c.tracestate',
    'w3c.trace_id',
    'parent.remote',
    '__proto__',
    'constructor',
    'messaging.operation.type',
    'attributes.dropped',
  ),
)

const event = fc.record(
  { time: fc.constantFrom('2015-10-20T13:14:15.1234Z', '1970-01-01T00:00:00Z', 'no'), name: text, at: scalar },
  { requiredKeys: [] },
)
const link = fc.record(
  { trace_id: fc.constantFrom('42', '018', 'x'), span_id: fc.constantFrom('7', '0'), why: text },
  { requiredKeys: [] },
)

const data: fc.Arbitrary<PlainData> = fc.oneof(
  fc.dictionary(key, value, { maxKeys: 6 }),
  fc.record(
    {
      events: fc.array(event, { maxLength: 3 }),
      links: fc.array(link, { maxLength: 3 }),
      'error.type': fc.constant('Error'),
      'error.stack': text,
      'parent.remote': fc.boolean(),
    },
    { requiredKeys: [] },
  ),
)

const id = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
const time = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 61n }),
  fc.bigInt({ min: 0n, max: 5_000n }).map((at) => 1_445_346_855_123_000_000n + at),
)
const process = fc.oneof(fc.constantFrom('users:4711@host-1', 'orders:1@a@b', 'users', '', ':5@', 'a:007@x'), text)

/** A trace: any spans of one id. */
export const traces: fc.Arbitrary<Span[]> = fc
  .tuple(
    id,
    fc.uniqueArray(
      fc.record({
        spanId: id,
        parentId: fc.oneof(fc.constant(0n), id),
        process,
        kind: text,
        name: text,
        start: time,
        took: fc.bigInt({ min: -5_000n, max: 2n ** 40n }),
        isOpen: fc.boolean(),
        data,
      }),
      { maxLength: 4, selector: ({ spanId }) => spanId },
    ),
  )
  .map(([traceId, all]) =>
    all.map(({ took, isOpen, ...span }) => ({
      ...span,
      traceId,
      finish: isOpen ? undefined : span.start + took > 0n ? span.start + took : 0n,
    })),
  )
