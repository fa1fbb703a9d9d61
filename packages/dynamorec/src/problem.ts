import { onOneLine } from '@trace/core'

/** What to do about a failed request. */
export type Remedy =
  /** Send it again, after a while: throttled, a fault of the service or of the network, or no answer in time. */
  | 'again'
  /** Some item of it can never be stored. */
  | 'refused'
  /** Nothing can be stored until somebody sets something right. */
  | 'hopeless'

const HOPELESS: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'ExpiredTokenException',
  'SignatureDoesNotMatch',
  'CredentialsProviderError',
  'TokenProviderError',
])

/** What the engines say where a key's attributes are none of the table's; then every item would be refused. */
const WRONG_KEYS = /does not match the schema|keys was not given a value|Type mismatch for key|Missing the key/

/** What to do about an error of the AWS SDK. */
export function remedyFor(error: unknown): Remedy {
  const name = nameOf(error)
  const message = messageOf(error)
  if (HOPELESS.has(name) || message.includes('Region is missing') || WRONG_KEYS.test(message)) return 'hopeless'
  return name === 'ValidationException' || name === 'SerializationException' ? 'refused' : 'again'
}

/** What went wrong and what to do about it, on one line, without the name of recorder or reader. */
export function explain(error: unknown, table: string): string {
  const name = nameOf(error)
  const message = messageOf(error)
  if (message.includes('Region is missing')) {
    const ignored = process.env['AWS_DEFAULT_REGION'] === undefined ? '' : '; the SDK ignores AWS_DEFAULT_REGION'
    return `no AWS region is set: set AWS_REGION, or give the option region${ignored}`
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    const advice = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the process a role'
    return `no AWS credentials were found: ${advice} (${onOneLine(message, 80)})`
  }
  if (name === 'ResourceNotFoundException') {
    return `there is no table ${table}: create it by \`${createCommand(table)}\`, or check the name and the region`
  }
  if (WRONG_KEYS.test(message)) {
    const advice = `create another table by \`${createCommand('<name>')}\``
    return `${table} has other keys than trace_id and span_id, both numbers: ${advice}`
  }
  if (name === 'AccessDeniedException') return `AWS denies access to ${table}: ${onOneLine(message, 200)}`
  if (HOPELESS.has(name)) return `AWS refuses the credentials: ${onOneLine(`${name}: ${message}`, 200)}`
  if (message === '' || message === 'UnknownError') return name
  // The messages of system errors have their code in them.
  return onOneLine(name === 'Error' || /^E[A-Z]+$/.test(name) ? message : `${name}: ${message}`, 240)
}

/** The command that creates a table. */
export function createCommand(table: string): string {
  return `npx trace-dynamodb create ${table}`
}

/** The name of an error, such as `ThrottlingException`; for errors of the network their code, such as `ECONNRESET`. */
export function nameOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'Error'
  const [name, code]: unknown[] = [Reflect.get(error, 'name'), Reflect.get(error, 'code')]
  if (typeof name === 'string' && name !== 'Error') return name
  return typeof code === 'string' ? code : 'Error'
}

/** The message of an error; of one that gathers several (a host with several addresses), the first of theirs. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const [message, parts]: unknown[] = [Reflect.get(error, 'message'), Reflect.get(error, 'errors')]
  if (typeof message === 'string' && message !== '') return message
  return Array.isArray(parts) && parts.length > 0 ? messageOf(parts[0]) : ''
}
