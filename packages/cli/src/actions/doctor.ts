import { Diagnosis, type Finding } from '../diagnosis/diagnosis.js'
import { openSources } from '../sources/open.js'
import { readTraces, scan } from '../sources/scan.js'
import { cutLines } from '../terminal/budget.js'
import { type Context, EXIT, note, print } from '../terminal/context.js'
import { jsonLine } from '../terminal/json.js'
import { styleOf } from '../terminal/style.js'
import { counted } from '../terminal/values.js'

/** Options of `trace doctor`. */
export interface DoctorFlags {
  readonly from?: readonly string[]
  readonly since?: bigint
  readonly json?: boolean
  readonly budget?: number
}

/** `trace doctor`. */
export async function diagnose(context: Context, flags: DoctorFlags, words: readonly string[]): Promise<void> {
  const { since, json, budget } = flags
  const reader = await openSources(context, [...(flags.from ?? []), ...words])
  const diagnosis = new Diagnosis()
  const range = since === undefined ? {} : { from: since }
  await scan(context, reader, { ...range, ledgers: true }, (span) => diagnosis.addLedger(span))
  const onReport = diagnosis.addReport.bind(diagnosis)
  for await (const trace of readTraces(context, reader, { ...range, onReport })) diagnosis.addTrace(trace)
  const findings = diagnosis.findings()
  if (diagnosis.traces === 0) {
    context.process.exitCode = EXIT.nothing
    return note(context, `no trace is in ${reader.name}`)
  }
  if (findings.length > 0) context.process.exitCode = EXIT.nothing
  const hint = 'a larger --budget, or a later --since'
  if (json === true) return print(context, cutLines(findings.map(jsonLine), budget, hint))
  const { traces, spans, services } = diagnosis
  const read = [counted(traces, 'trace'), counted(spans, 'span'), counted(services, 'service')].join(', ')
  const lines = findings.length === 0 ? ['Nothing is wrong.'] : findings.flatMap((finding) => linesOf(context, finding))
  print(context, [read, ...cutLines(lines, budget, hint)])
}

function linesOf(context: Context, { what, examples, advice }: Finding): string[] {
  const { style = (text: string): string => text } = styleOf(context)
  return [
    '',
    style(`✗ ${what}`, 'failure'),
    ...examples.map((example) => style(`    ${example}`, 'note')),
    `  → ${advice}`,
  ]
}
