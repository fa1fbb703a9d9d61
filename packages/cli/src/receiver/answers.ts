/** How answers are written: in the format of the request (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). */
export interface Answers {
  readonly type: string
  /** An ExportTraceServiceResponse. @param rejected how many spans were not taken @param message why */
  success(rejected: number, message: string): Buffer
  /** A Status. */
  failure(code: number, message: string): Buffer
}

export const JSON_ANSWERS: Answers = {
  type: 'application/json',
  success: (rejected, message) =>
    jsonBytes(rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } }),
  failure: (code, message) => jsonBytes({ code, message }),
}

export const PROTOBUF_ANSWERS: Answers = {
  type: 'application/x-protobuf',
  success: (rejected, message) =>
    rejected === 0 ? Buffer.alloc(0) : bytesField(1, Buffer.concat([integerField(1, rejected), textField(2, message)])),
  failure: (code, message) => Buffer.concat([integerField(1, code), textField(2, message)]),
}

function jsonBytes(object: object): Buffer {
  return Buffer.from(JSON.stringify(object))
}

/** https://protobuf.dev/programming-guides/encoding/ */
function integerField(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)])
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text))
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}
