import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { spanToYaml } from '@trace/yamlrec'

/** The script of the command `trace`. */
export const COMMAND: string = join(
  dirname(createRequire(import.meta.url).resolve('@trace/cli/package.json')),
  'bin/trace.mjs',
)

/** A generated file of spans. */
export interface Store {
  readonly path: string
  /** The same spans as JSON lines, by `trace export`. */
  exported(): Promise<string>
}

/** The trace at the beginning of every generated file. */
export const OLDEST = 5_000_000_000_000n
const FIRST_START = 1_795_000_000_000_000_000n
export const SPANS_OF_TRACE = 10
/** Time between two traces, in ns. */
const BETWEEN = 10_000_000n
/** How many characters are written at once. */
const WRITE = 1_000_000

const stores = new Map<string, Promise<Store>>()

/** A file with this number of spans: traces of ten, over six services, one each 10 ms. It is written once a run. */
export function storeOf(folder: string, spans: number): Promise<Store> {
  const path = join(folder, `command-${spans}.yaml`)
  const known = stores.get(path) ?? write(path, spans)
  stores.set(path, known)
  return known
}

async function write(path: string, spans: number): Promise<Store> {
  const file = createWriteStream(path)
  let text = ''
  for (let trace = 0; trace < spans / SPANS_OF_TRACE; trace++) {
    text += traceText(trace)
    if (text.length < WRITE) continue
    if (!file.write(text)) await once(file, 'drain')
    text = ''
  }
  file.end(text)
  await once(file, 'close')
  let exported: Promise<string> | undefined
  return {
    path,
    exported: () => {
      exported ??= exportOf(path)
      return exported
    },
  }
}

/** A request and nine calls to other services, in the order of their ends. */
function traceText(trace: number): string {
  const traceId = OLDEST + BigInt(trace)
  const start = FIRST_START + BigInt(trace) * BETWEEN
  const rootId = BigInt(trace + 1) * 100n
  let text = ''
  for (let at = 0; at < SPANS_OF_TRACE - 1; at++) {
    const begun = start + BigInt(at * 100_000)
    const duration = BigInt(50_000 + ((trace * 7_919 + at * 104_729) % 40_000))
    text += spanToYaml({
      spanId: rootId + BigInt(at + 1),
      traceId,
      parentId: rootId,
      process: `service-${at % 5}:1@host-${at % 5}`,
      kind: at % 2 === 0 ? 'request' : 'db',
      name: `operation ${at}`,
      start: begun,
      finish: begun + duration,
      data: { n: at, 'url.path': `/items/${trace % 1_000}` },
    })
  }
  return `${text}${spanToYaml({
    spanId: rootId,
    traceId,
    parentId: 0n,
    process: 'gateway:1@host-9',
    kind: 'request',
    name: 'GET /items/:id',
    start,
    finish: start + 1_000_000n,
    data: { 'http.response.status_code': 200 },
  })}`
}

async function exportOf(path: string): Promise<string> {
  const out = `${path}.exported.jsonl`
  await promisify(execFile)(process.execPath, [COMMAND, 'export', path, '--to', 'jsonl', '--out', out])
  return out
}
