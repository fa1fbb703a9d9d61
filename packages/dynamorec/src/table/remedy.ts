import { messageOf, nameOf, statusOf, symptomsOf } from './symptoms.js'

/** What to do about a failed request. */
export type Remedy =
  /** Send it again after a wait: it was throttled, the service or the network failed, or no answer came in time. */
  | 'again'
  /** Send it again a few times: the problem goes away by then, or somebody has to correct it. */
  | 'soon'
  /** Send it again until the table exists. */
  | 'wait'
  /** The credentials have expired: load them again, and send it again. */
  | 'refresh'
  /** The credentials are wrong: send it again if the SDK finds others by now, and otherwise give up. */
  | 'reload'
  /** Some item of it can never be stored. */
  | 'refused'
  /** Give up: nothing can be stored until somebody corrects something. */
  | 'hopeless'

const WRONG_TIMES = ['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed']

/**
 * What to do about each error, by its name or, for network errors, its code. The names are those of DynamoDB's API
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html), those of all AWS services
 * (https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html), and those of STS, which gives roles.
 */
export const REMEDIES: ReadonlyMap<Remedy, readonly string[]> = new Map<Remedy, readonly string[]>([
  [
    'again',
    [
      // Throttled
      'ProvisionedThroughputExceededException',
      'ThrottledError',
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'RequestThrottled',
      'RequestThrottledException',
      'RequestLimitExceeded',
      'LimitExceededException',
      'BandwidthLimitExceeded',
      'TooManyRequestsException',
      'SlowDown',
      // Others write to the same item, or change the table
      'TransactionInProgressException',
      'TransactionConflictException',
      'TransactionCanceledException',
      'ReplicatedWriteConflictException',
      'ResourceInUseException',
      // The service
      'InternalServerError',
      'InternalFailure',
      'InternalError',
      'ServiceUnavailable',
      'ServiceUnavailableException',
      'RequestTimeout',
      'RequestTimeoutException',
      'InvalidEndpointException',
      'IDPCommunicationError',
      'NotDynamoError',
      // The network
      'TimeoutError',
      'AbortError',
      'ECONNREFUSED',
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'ENETUNREACH',
      'ENETDOWN',
      'EADDRNOTAVAIL',
      'EAI_AGAIN',
      'ENOTFOUND',
      'EPROTO',
      'EMFILE',
      'ENFILE',
      'ERR_TLS_HANDSHAKE_TIMEOUT',
    ],
  ],
  [
    'soon',
    [
      // The clock. The SDK corrects its own by the answer
      ...WRONG_TIMES,
      // A source of credentials, such as a metadata service, may start later than the process
      'CredentialsProviderError',
      'TokenProviderError',
      'ProviderError',
    ],
  ],
  ['wait', ['TableNotReadyError']],
  ['refresh', ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']],
  [
    'reload',
    [
      'UnrecognizedClientException',
      'InvalidClientTokenId',
      'InvalidAccessKeyId',
      'InvalidToken',
      'InvalidSignatureException',
      'SignatureDoesNotMatch',
      'AuthFailure',
    ],
  ],
  ['refused', ['ValidationException', 'SerializationException', 'ItemCollectionSizeLimitExceededException']],
  [
    'hopeless',
    [
      'ResourceNotFoundException',
      'TableNotFoundException',
      // The rights
      'AccessDenied',
      'AccessDeniedException',
      'NotAuthorized',
      'UnauthorizedOperation',
      'OptInRequired',
      'RegionDisabledException',
      'IncompleteSignature',
      'IncompleteSignatureException',
      'MissingAuthenticationToken',
      'MissingAuthenticationTokenException',
      // Not what speaks DynamoDB's protocol
      'UnknownOperationException',
      'InvalidAction',
      'EndpointError',
      'ERR_INVALID_URL',
      'ERR_INVALID_PROTOCOL',
      // The certificate
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'CERT_UNTRUSTED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      // The SDK itself
      'ERR_MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
    ],
  ],
])

const BY_SYMPTOM: ReadonlyMap<string, Remedy> = new Map(
  [...REMEDIES].flatMap(([remedy, symptoms]) => symptoms.map((symptom): [string, Remedy] => [symptom, remedy])),
)

/** Messages of DynamoDB about key attributes that the table does not have. It would refuse every item. */
const WRONG_KEYS = /does not match the schema|keys was not given a value|Type mismatch for key|Missing the key/
/** Messages about a signature that is correct except for its time. */
const WRONG_TIME = /Signature expired|Signature not yet current/
/** HTTP status of a proxy for which the request is too large. */
const TOO_LARGE = 413

/** What to do about an error of the AWS SDK. After an unknown error, the request is sent again. */
export function remedyFor(error: unknown): Remedy {
  if (hasWrongKeys(error) || isRegionMissing(error)) return 'hopeless'
  if (isWrongTime(error)) return 'soon'
  for (const symptom of symptomsOf(error)) {
    const remedy = BY_SYMPTOM.get(symptom)
    if (remedy !== undefined) return remedy
  }
  return statusOf(error) === TOO_LARGE ? 'refused' : 'again'
}

/**
 * Whether an error is known to pass by itself, so that spans are worth keeping: the table is throttled or being created, or the
 * service or the network fails. An error that nobody knows may be that of one span, and would keep others waiting.
 */
export function isPassing(error: unknown): boolean {
  if (hasWrongKeys(error)) return false
  for (const symptom of symptomsOf(error)) {
    const remedy = BY_SYMPTOM.get(symptom)
    if (remedy !== undefined) return remedy === 'again' || remedy === 'wait'
  }
  return (statusOf(error) ?? 0) >= 500
}

/** Whether the table has other keys than this package needs. */
export function hasWrongKeys(error: unknown): boolean {
  return WRONG_KEYS.test(messageOf(error))
}

export function isRegionMissing(error: unknown): boolean {
  return messageOf(error).includes('Region is missing')
}

/** Whether a request was refused because of its time: the clocks differ, or it was under way for long. */
export function isWrongTime(error: unknown): boolean {
  return WRONG_TIME.test(messageOf(error)) || WRONG_TIMES.includes(nameOf(error))
}
