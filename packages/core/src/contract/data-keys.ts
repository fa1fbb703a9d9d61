/**
 * The data keys that this project writes by itself, the one place for them. Those that OpenTelemetry has a name for have that
 * name (https://opentelemetry.io/docs/specs/semconv/http/http-spans/).
 */
export const DATA_KEYS = {
  /** The type of the error that made a span fail: text. */
  errorType: 'error.type',
  /** The message of that error: text. */
  errorMessage: 'error.message',
  /** Its stack: text. It stands once in a trace, on the innermost span of this process that the error failed. */
  errorStack: 'error.stack',
  /** What caused it, the nearest first: a list of maps with `type`, `message`, `stack`, and `errors` as below. */
  errorCause: 'error.cause',
  /** The errors that it holds, as an AggregateError does: a list of maps with `type`, `message`, `stack`, `cause`, `errors`. */
  errorParts: 'error.errors',
  /** What happened while it ran: a list of maps with `time`, `name` and what the program adds. */
  events: 'events',
  /** How many more there were. */
  eventsDropped: 'events.dropped',
  /** Spans that it has to do with: a list of maps with `trace_id` and `span_id` in decimal, and what the program adds. */
  links: 'links',
  /** How many more there were. */
  linksDropped: 'links.dropped',
  /**
   * True, on the first span of this process's part of a trace, where its parent came in by W3C Trace Context or B3. That parent
   * may be another system's, so a list of traces takes this span for the first one.
   */
  remoteParent: 'parent.remote',
  /** The whole 128-bit trace id, 32 hexadecimal digits, on the first span of this process's part of a trace. */
  w3cTraceId: 'w3c.trace_id',
  /** Well-formed ids of a caller who is not trusted: `traceId:parentId` in decimal. */
  untrustedParent: 'untrusted.parent',
  /** Somebody else's request id, which the request came with. */
  requestId: 'request.id',
  /** The method of a request, such as `GET`. */
  httpMethod: 'http.request.method',
  /** The pattern that the path of a request matched, such as `/users/:id`. */
  httpRoute: 'http.route',
  /** The status of the response: a number. */
  httpStatus: 'http.response.status_code',
  /** How many bytes of the response's body were sent, as they went out: compressed if they were, without headers. A number. */
  httpResponseSize: 'http.response.body.size',
  /** Why a response did not end as it should, such as `aborted`; missing where it did. */
  httpEndReason: 'http.end_reason',
  /** How long the first byte of the response took: a number, in milliseconds. */
  httpTimeToFirstByte: 'http.time_to_first_byte',
  /** The path of a URL. */
  urlPath: 'url.path',
  /** The query of a URL, without its `?`. */
  urlQuery: 'url.query',
  /** The host that a request was sent to. */
  serverAddress: 'server.address',
  /** The port that a request was sent to, where it is not the scheme's own: a number. */
  serverPort: 'server.port',
} as const

/** The kind of spans that are no activity: what a process says of its own spans. Lists of traces leave them out. */
export const LEDGER_KIND = 'ledger'
