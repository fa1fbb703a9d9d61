/** The HTTP status of the answer that led to an error. */
export function statusOf(error: unknown): number | undefined {
  const metadata = propertyOf(error, '$metadata')
  const status = propertyOf(metadata, 'httpStatusCode')
  return typeof status === 'number' ? status : undefined
}

/** The name of an error, such as `ThrottlingException`; for network errors their code, such as `ECONNRESET`. */
export function nameOf(error: unknown): string {
  return symptomsOf(error)[0] ?? 'Error'
}

/** The message of an error. Of an `AggregateError` without one, such as for a host with several addresses, that of its first error. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const [message, parts] = [propertyOf(error, 'message'), propertyOf(error, 'errors')]
  if (typeof message === 'string' && message !== '') return wrapped(message)?.text ?? message
  return Array.isArray(parts) && parts.length > 0 ? messageOf(parts[0]) : ''
}

/** A property of any value; undefined if it has none. */
export function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/**
 * The SDK keeps only the text of errors that are no instances of its `Error`, and puts this in front. Node's own errors are such
 * if modules run in another realm, as in Jest.
 */
const WRAPPER = 'AWS SDK error wrapper for '
/** Codes for messages of Node's errors that do not contain theirs. */
const CODES: readonly (readonly [text: RegExp, code: string])[] = [
  [/^Parse Error/, 'HPE_INVALID_CONSTANT'],
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
]

/** The name, code and text of an error that the SDK wrapped; undefined for any other message. */
function wrapped(message: string): { readonly symptoms: readonly string[]; readonly text: string } | undefined {
  if (!message.startsWith(WRAPPER)) return undefined
  const whole = message.slice(WRAPPER.length)
  const [, name = 'Error', text = whole] = /^(\w*Error): (.*)$/s.exec(whole) ?? []
  const code = /\bE[A-Z]{3,}(?:_[A-Z]+)*\b/.exec(text)?.[0] ?? CODES.find(([pattern]) => pattern.test(text))?.[1]
  return { symptoms: code === undefined ? [name] : [code, name], text }
}

/** How many causes of an error are looked at. */
const MAX_CAUSES = 5
const GENERAL: ReadonlySet<string> = new Set(['Error', 'TypeError', 'AggregateError'])

/** The codes and names of an error and its causes, general names last. */
export function symptomsOf(error: unknown): string[] {
  const found: string[] = []
  const general: string[] = []
  let each = error
  for (let depth = 0; depth < MAX_CAUSES && typeof each === 'object' && each !== null; depth++) {
    const [code, name, message] = [propertyOf(each, 'code'), propertyOf(each, 'name'), propertyOf(each, 'message')]
    const inner = typeof message === 'string' ? wrapped(message) : undefined
    for (const symptom of inner?.symptoms ?? []) (GENERAL.has(symptom) ? general : found).push(symptom)
    if (typeof name === 'string' && name !== '') (GENERAL.has(name) ? general : found).push(name)
    if (typeof code === 'string' && code !== '') found.push(code)
    each = propertyOf(each, 'cause')
  }
  return [...found, ...general]
}
