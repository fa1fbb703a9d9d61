import { parseArgs } from 'node:util'
import { onOneLine, TraceError } from '@trace/core'
import { messageOf } from './table/symptoms.js'
import { type CreateTraceTableOptions, createTraceTable } from './table/table.js'

const HELP = `trace-dynamodb: a DynamoDB table for traces

  trace-dynamodb create <table> [--index] [--expire] [--region <region>] [--endpoint <url>]

Creates the table, or adds what it lacks, and waits until it is ready. You can run it again.

  --index     also create the index that lists of recent traces read
  --expire    also let DynamoDB delete items that have expired
  --region    such as eu-west-1; default: AWS_REGION, or that of AWS_PROFILE
  --endpoint  such as http://localhost:8000; default: AWS_ENDPOINT_URL_DYNAMODB, or AWS
  --help      show this text

Exit code: 0 if everything is there, 1 if something went wrong, 2 for a mistake in the command.`

/** Where a command writes its lines. */
export interface Output {
  out(line: string): void
  err(line: string): void
}

/**
 * The command `trace-dynamodb`.
 *
 * @param args what follows its name
 * @returns its exit code
 */
export async function runCommand(args: readonly string[], output: Output): Promise<number> {
  let options: CreateTraceTableOptions | undefined
  try {
    options = optionsOf(args)
  } catch (error) {
    output.err(`trace-dynamodb: ${onOneLine(messageOf(error), 500)}; see trace-dynamodb --help`)
    return 2
  }
  if (options === undefined) {
    output.out(HELP)
    return 0
  }
  try {
    const { did } = await createTraceTable(options)
    for (const line of did) output.out(line)
    return 0
  } catch (error) {
    output.err(`trace-dynamodb: ${onOneLine(messageOf(error), 500)}`)
    return error instanceof TraceError && error.code === 'TRACE_BAD_OPTION' ? 2 : 1
  }
}

/** @returns undefined where help is asked for */
function optionsOf(args: readonly string[]): CreateTraceTableOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      index: { type: 'boolean', default: false },
      expire: { type: 'boolean', default: false },
      region: { type: 'string' },
      endpoint: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [command, table, ...more] = positionals
  if (command !== 'create') throw new Error(`expected the command create, got ${command ?? 'none'}`)
  if (table === undefined || more.length > 0) throw new Error(`expected one table, got ${positionals.length - 1}`)
  const { index, expire, region, endpoint } = values
  return {
    table,
    index,
    expire,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
}
