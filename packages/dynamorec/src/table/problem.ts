import { STATUS_CODES } from 'node:http'
import { onOneLine } from '@trace/core'
import { hasWrongKeys, isRegionMissing, isWrongTime, remedyFor } from './remedy.js'
import { messageOf, nameOf, propertyOf, statusOf } from './symptoms.js'

/** Where a table is. */
export interface Site {
  readonly table: string
  /** Such as `http://localhost:8000`, or `DynamoDB in eu-west-1`. */
  readonly place: string
}

const CHECK_ENDPOINT =
  "check the endpoint (the option endpoint, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, or the profile's endpoint_url)"

/** An answer that is not DynamoDB's: it comes from another server, or from a proxy in between. */
export class NotDynamoError extends Error {
  override readonly name = 'NotDynamoError'
}

/** An endpoint that is not a URL. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'

  /** @param endpoint the text that was given */
  constructor(endpoint: string) {
    const shown = onOneLine(endpoint, 100)
    super(`the endpoint ${shown} is not a URL that begins with http:// or https://; ${CHECK_ENDPOINT}`)
  }
}

/** The table takes only some items of a batch. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError'
}

/** The table is there, but cannot be written yet. */
export class TableNotReadyError extends Error {
  override readonly name = 'TableNotReadyError'
}

/** What went wrong and what to do about it, on one line, without the name of the recorder or reader. */
export function explain(error: unknown, { table, place }: Site): string {
  const said = describe(error)
  if (isRegionMissing(error)) {
    const ignored = process.env['AWS_DEFAULT_REGION'] === undefined ? '' : '; the SDK ignores AWS_DEFAULT_REGION'
    return `no AWS region is set: set AWS_REGION or the option region${ignored}`
  }
  if (nameOf(error) === 'ResourceNotFoundException') {
    return `there is no table ${table} in ${place}: create it with \`${createCommand(table)}\`, or check the name and the region`
  }
  if (hasWrongKeys(error)) {
    const advice = `create another table with \`${createCommand('<name>')}\``
    return `${table} has other keys than trace_id and span_id, both numbers: ${advice}`
  }
  if (isWrongTime(error)) {
    return `AWS refuses requests because of their time: correct this machine's clock, which differs from that of AWS (${said})`
  }
  return explainAnswer(error, place) ?? explainCredentials(error, table) ?? explainNetwork(error, place) ?? said
}

/** Explains an answer that is not DynamoDB's: its errors all have a name. */
function explainAnswer(error: unknown, place: string): string | undefined {
  const status = statusOf(error)
  if (nameOf(error) === 'NotDynamoError') return `${place} is not DynamoDB: ${messageOf(error)}; ${CHECK_ENDPOINT}`
  if (status === undefined || !['Unknown', 'UnknownError', 'SyntaxError'].includes(nameOf(error))) return undefined
  const answered = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
  const details = detailsOf(error)
  // DynamoDB's own servers may fail like this, too.
  if (status >= 500) return `${place} ${answered}, without an error from DynamoDB${details}: is a proxy in between?`
  return `${place} is not DynamoDB: it ${answered}${details}; ${CHECK_ENDPOINT}`
}

/** The answer's server, content type, location and message, as far as they are known. */
function detailsOf(error: unknown): string {
  const headers = propertyOf(propertyOf(error, '$response'), 'headers')
  const details = ['server', 'content-type', 'location'].map((name) => propertyOf(headers, name))
  const message = messageOf(error)
  if (nameOf(error) !== 'SyntaxError' && message !== 'UnknownError') details.push(message)
  const known = details.filter((detail) => typeof detail === 'string' && detail !== '')
  return known.length === 0 ? '' : ` (${onOneLine(known.join(', '), 160)})`
}

function explainCredentials(error: unknown, table: string): string | undefined {
  const said = describe(error)
  const remedy = remedyFor(error)
  if (remedy === 'soon') {
    // If the SDK has chosen one source of credentials, its own message says what is wrong with it and what to do.
    if (!/any providers/.test(said)) return `the AWS credentials cannot be loaded: ${said}`
    const advice = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the process a role'
    return `no AWS credentials were found: ${advice} (${said})`
  }
  if (remedy === 'refresh') return `the AWS credentials have expired, and there are no new ones: ${said}`
  if (/^AccessDenied|^NotAuthorized|^UnauthorizedOperation/.test(nameOf(error))) {
    return `AWS denies access to ${table}: ${said}`
  }
  const isRefusal = remedy === 'reload' || /Signature|AuthenticationToken|OptIn|Region/.test(nameOf(error))
  return isRefusal ? `AWS refuses the credentials: ${said}` : undefined
}

const NETWORK: readonly (readonly [symptom: RegExp, advice: (place: string) => string])[] = [
  [/^ECONNREFUSED$/, (place) => `nothing listens at ${place}: start it, or ${CHECK_ENDPOINT}`],
  [/^ENOTFOUND$|^EAI_AGAIN$/, (place) => `no address is found for ${place}: check region, endpoint and network`],
  [
    /^TimeoutError$|^AggregateError$|^E(?:TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN)$/,
    (place) => `check that this process can reach ${place}, and that requestTimeout is long enough`,
  ],
  [/^EPROTO$/, (place) => `${place} does not speak TLS correctly: did you mean http://?`],
  [/^HPE_/, (place) => `${place} does not speak HTTP: did you mean https://?`],
  [
    /CERT|^UNABLE_TO/,
    (place) => `the certificate of ${place} is not trusted: set NODE_EXTRA_CA_CERTS to the file of its authority`,
  ],
  [/MODULE_NOT_FOUND$/, () => 'the AWS SDK cannot be loaded: npm install @aws-sdk/client-dynamodb'],
]

function explainNetwork(error: unknown, place: string): string | undefined {
  const advice = NETWORK.find(([symptom]) => symptom.test(nameOf(error)))?.[1]
  return advice === undefined ? undefined : `${describe(error)}; ${advice(place)}`
}

/** An error's name and message. */
function describe(error: unknown): string {
  const [name, message] = [nameOf(error), messageOf(error).trimEnd()]
  if (message === '' || message === 'UnknownError') return name
  // Messages of system errors contain their code, and our own are whole sentences.
  const isPlain = message.includes(name) || name === 'Error' || isOwn(error)
  return onOneLine(isPlain ? message : `${name}: ${message}`, 240)
}

function isOwn(error: unknown): boolean {
  return ['EndpointError', 'TableNotReadyError'].includes(nameOf(error))
}

/** The command that creates a table. */
export function createCommand(table: string): string {
  return `npx trace-dynamodb create ${table}`
}
