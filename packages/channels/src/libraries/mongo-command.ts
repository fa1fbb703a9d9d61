import { shortened } from './shortened-error.js'

// What is recorded of a command of MongoDB (https://www.mongodb.com/docs/manual/reference/command/), by OpenTelemetry's keys
// (https://opentelemetry.io/docs/specs/semconv/database/mongodb/).

/** Commands whose own value is the name of a collection. That of others may be a user's name, or 1. */
const OF_COLLECTIONS: ReadonlySet<string> = new Set([
  ...['find', 'insert', 'update', 'delete', 'findAndModify', 'aggregate', 'count', 'distinct'],
  ...['create', 'drop', 'collMod', 'createIndexes', 'dropIndexes', 'listIndexes', 'collStats', 'validate'],
])

/** A command, or an answer to one. */
export type Command = Readonly<Record<string, unknown>>

export function isOfCollections(name: string): boolean {
  return OF_COLLECTIONS.has(name)
}

/** The collection of a command. */
export function collectionOf(name: string, command: Command): string | undefined {
  const value = command[name === 'getMore' ? 'collection' : name]
  const isNamed = isOfCollections(name) || name === 'getMore'
  return isNamed && typeof value === 'string' ? value : undefined
}

/** How many documents, changes or operations a command has, if several. */
export function batchSizeOf({ documents, updates, deletes, ops }: Command): number | undefined {
  const list = documents ?? updates ?? deletes ?? ops
  return Array.isArray(list) && list.length > 1 ? list.length : undefined
}

/** How many documents an answer has; undefined for one of another kind. */
export function returnedBy({ cursor }: Command): number | undefined {
  const { firstBatch, nextBatch }: Command = Object(cursor)
  const batch = firstBatch ?? nextBatch
  return Array.isArray(batch) ? batch.length : undefined
}

/** Where MongoDB's messages repeat what was sent: the key that is there already, and texts in quotes. */
const VALUE = /(?<=\bdup key: )|"/

/** What a span fails with, without the values that MongoDB repeats. @param error the driver's, or one of those in an answer */
export function failureOf(error: unknown): object {
  const { errmsg }: Record<string, unknown> = Object(error)
  return shortened(error instanceof Error ? error : { name: 'MongoServerError', message: String(errmsg) }, VALUE)
}
