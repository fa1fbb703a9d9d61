import fc from 'fast-check'

function thrower(): never {
  throw new Error('hostile')
}

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** A proxy every trap of which throws. */
const trapped = (target: object): object =>
  new Proxy(target, new Proxy({}, { get: () => thrower }) as ProxyHandler<object>)

/** An object every property of which throws when it is read. */
function unreadable(...keys: string[]): object {
  const object = {}
  for (const key of keys) Object.defineProperty(object, key, { get: thrower, enumerable: true })
  return object
}

const noName = Object.defineProperty(() => {}, 'name', { get: thrower })

const MAKERS: (() => unknown)[] = [
  () => revoked({}),
  () => revoked([]),
  () => revoked(() => {}),
  () => trapped({}),
  () => trapped(() => {}),
  () => unreadable('traceId', 'parentId', 'remote', 'sampled', 'process', 'root', 'timeout'),
  () => unreadable('upperTraceId', 'traceState', 'isRandom'),
  () => unreadable('name', 'message', 'stack', 'cause', 'constructor'),
  () => unreadable('then'),
  () => unreadable('toJSON', 'value', 'length', 'size'),
  () => ({ toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower, toJSON: thrower }),
  () => ({ then: thrower }),
  () => ({ then: (done: (value: unknown) => void) => done(1) }),
  () => ({ upperTraceId: 1n, traceState: 'a=1', isRandom: 'yes' }),
  () => ({ traceId: 5, parentId: '6', sampled: 'no', remote: 7, process: Symbol('p'), root: {} }),
  () => Symbol('hostile'),
  () => Object.assign(() => {}, { apply: thrower, call: thrower, toString: thrower }),
  () => noName,
  () => Object.create({ constructor: noName }),
  () => Object.create(null),
  () => Object.create(trapped({})),
  () => Object.freeze({ a: 1 }),
  () => new Map<unknown, unknown>([[trapped({}), trapped({})]]),
  () => Object.defineProperty(Object.assign(new Map(), { [Symbol.iterator]: thrower }), 'size', { get: thrower }),
  () => Object.assign(new Error('x'), unreadableError()),
  () => Object.assign(Promise.resolve(1), { then: thrower }),
  () => Object.defineProperty(Promise.resolve(1), 'then', { get: thrower }),
  () => Object.defineProperty(Promise.resolve(1), 'constructor', { get: thrower }),
  () => Promise.resolve(2),
  () => new Proxy({ then: (done: () => void) => done() }, { getPrototypeOf: thrower }),
  () => new Date(Number.NaN),
  () => new Uint8Array(3),
  () => 'x'.repeat(100_000),
  () => `\ud800${'\u202e'.repeat(2_000)}`,
  () => 2n ** 70n,
  () => -1n,
]

function unreadableError(): object {
  return { name: 5, message: 6, stack: 7, cause: trapped({}) }
}

/** Anything that a program may come to give to tracing, most of it by mistake. In a box, since fast-check looks at values. */
export interface Box {
  readonly value: unknown
}

export const hostile: fc.Arbitrary<Box> = fc.oneof(
  fc.constantFrom(...MAKERS).map((make) => ({ value: make() })),
  fc
    .anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true })
    .map((value) => ({ value })),
  fc.constantFrom('work', 'w', 5n, {}, undefined, true).map((value) => ({ value })),
)
