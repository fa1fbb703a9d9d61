import { Diagnosis } from '../diagnosis/diagnosis.js'
import type { Finding } from '../diagnosis/finding.js'
import { openSources } from '../sources/open.js'
import { readTraces, scan } from '../sources/scan.js'
import { bytesOfLines, cutLines } from '../terminal/budget.js'
import { type Context, EXIT, note, print, printObjects } from '../terminal/context.js'
import { jsonLine } from '../terminal/json.js'
import { styleOf, wrapped } from '../terminal/style.js'
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
  const onRecord = diagnosis.addRecord.bind(diagnosis)
  for await (const trace of readTraces(context, reader, { ...range, onReport, onRecord })) diagnosis.addTrace(trace)
  const findings = diagnosis.findings()
  if (diagnosis.traces === 0 && findings.length === 0) {
    context.process.exitCode = EXIT.nothing
    return note(context, `no trace is in ${reader.name}`)
  }
  if (findings.length > 0) context.process.exitCode = EXIT.nothing
  for (const text of diagnosis.notes()) note(context, text)
  if (json === true) return printObjects(context, findings.map(jsonLine), budget)
  const { traces, spans, services } = diagnosis
  const read = [counted(traces, 'trace'), counted(spans, 'span'), counted(services, 'service')].join(', ')
  if (findings.length === 0) return print(context, [...wrapped(context, read), 'Nothing is wrong.'])
  const whole = linesOf(context, read, findings)
  if (budget === undefined || bytesOfLines(whole) <= budget) return print(context, whole)
  const short = linesOf(
    context,
    read,
    findings.map((finding) => ({ ...finding, examples: [] })),
  )
  const restOf = (left: number): string =>
    `… without examples${left === 1 ? '' : ` and ${left - 1} more lines`}: see --budget`
  print(context, cutLines([...short, restOf(1)], budget, restOf))
}

function linesOf(context: Context, read: string, findings: readonly Finding[]): string[] {
  const { style = (text: string): string => text } = styleOf(context)
  return [
    ...wrapped(context, read),
    ...findings.flatMap(({ what, examples, advice }) => [
      '',
      ...wrapped(context, `✗ ${what}`).map((line) => style(line, 'failure')),
      ...examples.flatMap((example) => wrapped(context, `    ${example}`)).map((line) => style(line, 'note')),
      ...wrapped(context, `  → ${advice}`),
    ]),
  ]
}
