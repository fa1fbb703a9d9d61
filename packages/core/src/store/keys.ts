/**
 * The names that stores use for a span's own fields: those of YAML and DynamoDB, with the index attribute (`hour_shard`) and the
 * expiry attribute (`expires`). All stores share this list, so that a copy from one to another keeps all keys.
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

/** The name under which a data key is stored. An empty or reserved key, or one that begins with `data.`, gets `data.` in front. */
export function storedKey(key: string): string {
  return key === '' || key.startsWith(PREFIX) || RESERVED_KEYS.has(key) ? PREFIX + key : key
}

/** The data key that is stored under a name: the reverse of {@link storedKey}. */
export function dataKey(stored: string): string {
  return stored.startsWith(PREFIX) ? stored.slice(PREFIX.length) : stored
}
