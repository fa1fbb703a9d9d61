import type { Context } from '../terminal/context.js'
import { bytesOf, countOf, durationOf, momentOf } from '../terminal/values.js'
import { proposing } from './completion.js'

// Options that several commands have, each described once.

export const from = {
  kind: 'parsed',
  parse: String,
  proposeCompletions: proposing('store'),
  variadic: true,
  optional: true,
  placeholder: 'store',
  brief:
    'a file, a pattern such as "logs/*.jsonl", or a URL; several are one store. Default: TRACE_RECORDER, or traces.yaml',
} as const

export const json = {
  kind: 'boolean',
  optional: true,
  withNegated: false,
  brief: 'print a line of JSON for each object, for programs',
} as const

export const to = {
  kind: 'parsed',
  parse: String,
  optional: true,
  placeholder: 'store',
  brief: 'a file that ends in .yaml or .jsonl, or a URL. Default: JSON lines on standard output',
} as const

export const whole = {
  kind: 'boolean',
  optional: true,
  withNegated: false,
  brief: 'read files to their beginning, for spans that were stored late; see the README',
} as const

export const budget = {
  kind: 'parsed',
  parse: bytesOf,
  optional: true,
  placeholder: 'bytes',
  brief: 'fold until it fits in so many bytes, such as 8k, and say what was folded',
} as const

export const limit = {
  kind: 'parsed',
  parse: countOf,
  default: '20',
  placeholder: 'n',
  brief: 'at most so many, the newest ones',
} as const

function moment(this: Context, text: string): bigint {
  return momentOf(text, this.now())
}

export const since = {
  kind: 'parsed',
  parse: moment,
  optional: true,
  placeholder: 'when',
  brief: 'only traces that start at or after this: 15m ago, or a time such as 2026-01-31T09:30 (UTC)',
} as const

export const until = {
  kind: 'parsed',
  parse: moment,
  optional: true,
  placeholder: 'when',
  brief: 'only traces that start before this',
} as const

export const duration = { kind: 'parsed', parse: durationOf, optional: true, placeholder: 'duration' } as const

export const place = {
  kind: 'boolean',
  optional: true,
  withNegated: false,
  brief: 'where each span stands, such as traces.yaml:1204: the line of the file in which it begins',
} as const

/** Words of a search, and stores. */
export const words = {
  kind: 'array',
  parameter: {
    brief: 'stores, and conditions such as kind:db @user.id:42 -status:error',
    parse: String,
    proposeCompletions: proposing('store', 'condition'),
    placeholder: 'store|search',
  },
} as const
