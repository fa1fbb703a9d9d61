import { shortened } from './shortened-error.js'

// What is recorded of a command of MongoDB (https://www.mongodb.com/docs/manual/reference/command/), by OpenTelemetry's keys
// (https://opentelemetry.io/docs/specs/semconv/database/mongodb/).

/** Commands whose own value is the name of a collection. That of others may be a user's name, or 1. */
const OF_COLLECTIONS: ReadonlySet<string> = new Set([
  ...['find', 'insert', 'update', 'delete', 'findAndModify', 'aggregate', 'count', 'distinct'],
  ...['create', 'drop', 'collMod', 'createIndexes', 'dropIndexes', 'listIndexes', 'collStats', 'validate'],
])

/** What is recorded of a command, with `?` for each value. */
const SHOWN = ['filter', 'query', 'pipeline', 'updates', 'deletes', 'update', 'projection', 'sort']

/** How deep and how broad a command is shown, in how many objects and lists, and how many characters of a name and of the whole. */
const [MAX_DEPTH, MAX_KEYS, MAX_OBJECTS, MAX_NAME, MAX_TEXT] = [8, 20, 200, 128, 4_096]

/** The collection of a command. */
export function collectionOf(name: string, command: object): string | undefined {
  const value: unknown = Reflect.get(command, name === 'getMore' ? 'collection' : name)
  const isNamed = OF_COLLECTIONS.has(name) || name === 'getMore'
  return isNamed && typeof value === 'string' ? value : undefined
}

/** A command as JSON without its values: each becomes `?`. Documents that are inserted are left out. */
export function commandText(name: string, command: object): string {
  const shape = new Shape()
  const shown: Record<string, unknown> = { [name]: collectionOf(name, command) ?? '?' }
  for (const key of SHOWN) {
    const value: unknown = Reflect.get(command, key)
    // The name of a collection, shown already.
    if (value !== undefined && key !== name) shown[key] = shape.of(value)
  }
  const text = JSON.stringify(shown)
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} [cut]` : text
}

/** Takes the values out of a command, and gives up where that has been enough work. */
class Shape {
  #left = MAX_OBJECTS

  of(value: unknown, depth: number = MAX_DEPTH): unknown {
    if (isList(value))
      return this.#enter(depth) ? value.slice(0, MAX_KEYS).map((item) => this.of(item, depth - 1)) : '…'
    if (!isDocument(value)) return '?'
    if (!this.#enter(depth)) return '…'
    const keys = Object.keys(value)
    const shown = keys.slice(0, MAX_KEYS).map((key) => [key.slice(0, MAX_NAME), this.of(value[key], depth - 1)])
    return Object.fromEntries([...shown, ...(keys.length > MAX_KEYS ? [['…', '…']] : [])])
  }

  #enter(depth: number): boolean {
    return depth > 0 && this.#left-- > 0
  }
}

/** A list of conditions or stages; not one of values, of which the number would be shown. */
function isList(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.length > 0 && value.slice(0, MAX_KEYS).every(isDocument)
}

/** An object of fields, and no value of BSON's: an ObjectId, a Date, a Binary. */
function isDocument(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || '_bsontype' in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** How many documents, changes or operations a command has, if several. */
export function batchSizeOf(command: object): number | undefined {
  for (const key of ['documents', 'updates', 'deletes', 'ops']) {
    const list: unknown = Reflect.get(command, key)
    if (Array.isArray(list) && list.length > 1) return list.length
  }
  return undefined
}

/** How many documents an answer has; undefined for one of another kind. */
export function returnedBy(reply: unknown): number | undefined {
  const cursor: unknown = Reflect.get(Object(reply), 'cursor')
  const batch: unknown = Reflect.get(Object(cursor), 'firstBatch') ?? Reflect.get(Object(cursor), 'nextBatch')
  return Array.isArray(batch) ? batch.length : undefined
}

/** Where MongoDB's messages repeat what was sent: the key that is there already, and texts in quotes. */
const VALUE = /(?<=\bdup key: )|"/

/** What a span fails with, without the values that MongoDB repeats. @param error the driver's, or one of those in an answer */
export function failureOf(error: unknown): object {
  const { errmsg }: Record<string, unknown> = Object(error)
  return shortened(error instanceof Error ? error : { name: 'MongoServerError', message: String(errmsg) }, VALUE)
}
