import { buildCommand, type Command } from '@stricli/core'
import type { DoctorFlags } from '../actions/doctor.js'
import type { Context } from '../terminal/context.js'
import { proposing } from './completion.js'
import { budget, from, json, since } from './flags.js'
import { lazily } from './lazily.js'

export const doctor: Command<Context> = buildCommand<DoctorFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/doctor.js')).diagnose),
  parameters: {
    flags: { from, since, json, budget },
    aliases: { f: 'from' },
    positional: {
      kind: 'array',
      parameter: { brief: 'stores', parse: String, proposeCompletions: proposing('store'), placeholder: 'store' },
    },
  },
  docs: {
    brief: 'Say what is wrong with the set-up, and what to do',
    fullDescription: `Reads a store and says what is wrong with the set-up: calls that begin a trace of their own, spans that were lost, parents that are not
stored, clocks that differ, names with values in them, spans that never ended, records that are torn. Exit code 1 if there is anything.

EXAMPLES
  trace doctor
  trace doctor 'logs/*.jsonl' --since 1d`,
  },
})
