import { buildApplication, buildRouteMap, proposeCompletions, run, text_en } from '@stricli/core'
import { collect } from './commands/collect.js'
import { asked, COMPLETE, completion } from './commands/completion.js'
import { copy } from './commands/copy.js'
import { diff } from './commands/diff.js'
import { doctor } from './commands/doctor.js'
import { exported } from './commands/export.js'
import { imported } from './commands/import.js'
import { ls } from './commands/ls.js'
import { show } from './commands/show.js'
import { stats } from './commands/stats.js'
import { tail } from './commands/tail.js'
import { view } from './commands/view.js'
import { type Context, EXIT, print } from './terminal/context.js'
import { printableLines } from './terminal/json.js'

const routes = buildRouteMap<string, Context>({
  routes: { ls, show, view, tail, stats, diff, export: exported, import: imported, collect, copy, doctor, completion },
  docs: {
    brief: 'Reads, searches, compares and carries traces, straight from where they are stored',
    fullDescription: `Reads, searches, compares and carries traces, straight from where they are stored.

A store is a file (traces.yaml, traces.jsonl, rotated and compressed ones too) or a URL (dynamodb://Traces). Several are read as one.
Without one, commands read what TRACE_RECORDER says, or traces.yaml in the current folder.

EXIT CODES
  0  found   1  nothing found, or a difference   2  misuse   3  a store cannot be read

EXAMPLES
  trace ls
  trace show last
  trace ls --errors --since 15m
  trace show last-error --data`,
  },
})

const app = buildApplication(routes, {
  name: 'trace',
  versionInfo: {
    async getCurrentVersion() {
      return (this as Context).version()
    },
  },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true, useAliasInUsageLine: true },
  localization: {
    text: {
      ...text_en,
      noCommandRegisteredForInput: (args) =>
        `trace: ${text_en.noCommandRegisteredForInput(args)}\ntrace --help lists the commands`,
      exceptionWhileParsingArguments: (error, ansiColor) =>
        `trace: ${printableLines(text_en.exceptionWhileParsingArguments.call({ formatException: String }, error, ansiColor))}`,
    },
  },
})

/**
 * Runs the command `trace`.
 *
 * @param args what stands behind `trace`
 * @param context where it writes, and what it knows of the world; its exit code is set
 */
export async function runTrace(args: readonly string[], context: Context): Promise<void> {
  if (args[0] === COMPLETE) return completeWords(args.slice(1), context)
  await run(app, args[0] === 'help' ? [...args.slice(1), '--help'] : args, context)
  const { process } = context
  // Those of the library below 0 are mistakes in what was typed.
  if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = EXIT.misuse
}

async function completeWords(args: readonly string[], context: Context): Promise<void> {
  const { words, answer } = asked(args)
  const isOption = words.at(-1)?.startsWith('-') === true
  const proposed = await proposeCompletions(app, words, { ...context, typed: words.slice(0, -1) })
  // Options where none is begun would stand in the way of what else there is.
  const wanted = proposed.filter(({ kind }) => isOption || kind !== 'argument:flag')
  print(
    context,
    wanted.map(({ completion: word }) => answer(word)),
  )
}
