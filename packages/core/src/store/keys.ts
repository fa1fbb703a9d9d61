/**
 * Names that a store uses for a span's own fields: those of the YAML and DynamoDB layouts, the index attribute
 * (`hour_shard`) and the expiry attribute (`expires`) included. One list for every store, so that a copy from one to
 * another keeps every key.
 */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'span_id',
  'trace_id',
  'parent_id',
  'process',
  'kind',
  'name',
  'start',
  'finish',
  'start_unix',
  'finish_unix',
  'elapsed',
  'hour_shard',
  'expires',
])

const PREFIX = 'data.'

/** The name under which a data key is stored: with `data.` in front where it is empty, collides, or begins so itself. */
export function storedKey(key: string): string {
  return key === '' || key.startsWith(PREFIX) || RESERVED_KEYS.has(key) ? PREFIX + key : key
}

/** The data key that is stored under a name: {@link storedKey} undone. */
export function dataKey(stored: string): string {
  return stored.startsWith(PREFIX) ? stored.slice(PREFIX.length) : stored
}
