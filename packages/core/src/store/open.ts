import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceReader } from '../contract/reader.js'
import type { Recorder } from '../contract/recorder.js'
import { describe, errorMessage, TraceError } from '../values/errors.js'
import { type MemoryRecorder, memoryRecorder } from './memory.js'

/**
 * What a package exports from its main entry so that it can be chosen by URL. Both are called with a URL of the package's
 * scheme, return at once without any I/O, and throw a `TraceError` of code `TRACE_BAD_URL` where the URL makes no sense.
 */
export interface Backend {
  openRecorder(url: URL): Recorder
  /** Left out where the store cannot be read. */
  openReader?(url: URL): TraceReader
}

/** Schemes whose package has another name than {@link packageOf} would give it. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['yaml', '@trace/yamlrec'],
  ['jsonl', '@trace/jsonrec'],
  ['dynamodb', '@trace/dynamorec'],
])
const BUILT_IN: ReadonlyMap<string, Backend> = new Map([
  ['memory', { openRecorder: memoryOf, openReader: memoryOf }],
  ['none', { openRecorder: () => nothing }],
])
const SCHEMES = [...PACKAGES.keys(), ...BUILT_IN.keys()].map((scheme) => `${scheme}:`).join(', ')

/**
 * The recorder that a URL names, such as the environment's `TRACE_RECORDER`:
 *
 * - `yaml:traces.yaml`, `yaml:/var/log/traces.yaml`, `yaml:-` (standard output): the package `@trace/yamlrec`
 * - `jsonl:traces.jsonl`, likewise: `@trace/jsonrec`
 * - `dynamodb://Traces?region=eu-west-1`: `@trace/dynamorec`
 * - `memory:`, or `memory:name` for one apart: kept in this process, and read by `openReader` of the same URL
 * - `none:` records nothing
 * - any other scheme `x:`: the installed package `trace-recorder-x`, which exports {@link Backend}
 *
 * Packages are found from the program's main script, then from the current folder. They are loaded at once (by `require`,
 * which takes ES modules too), so that a recorder is there without `await`, a CommonJS program included, and whatever is wrong
 * with the URL or the installation is told when the program starts and not with its first span.
 *
 * @throws {TraceError} `TRACE_BAD_URL` for what is no URL, for an unknown scheme, and where the backend cannot take the URL;
 * `TRACE_MISSING_PACKAGE` where the scheme's package is not installed; `TRACE_BAD_PACKAGE` where it cannot be loaded or
 * exports no `openRecorder`. Errors of the backend's own, such as `TRACE_BAD_OPTION`, pass through.
 */
export function openRecorder(url: URL | string): Recorder {
  const parsed = parse('openRecorder', url)
  const recorder: unknown = exported('openRecorder', parsed)(parsed)
  if (isRecorder(recorder)) return recorder
  throw badPackage(parsed, `its openRecorder gave ${describe(recorder)}, and no recorder; tell its maker`)
}

/**
 * The reader of what {@link openRecorder} with the same URL records, found in the same way.
 *
 * @throws {TraceError} as `openRecorder` does; `TRACE_BAD_URL` also where what is recorded under the URL cannot be read
 */
export function openReader(url: URL | string): TraceReader {
  const parsed = parse('openReader', url)
  const reader: unknown = exported('openReader', parsed)(parsed)
  if (isReader(reader)) return reader
  throw badPackage(parsed, `its openReader gave ${describe(reader)}, and no reader; tell its maker`)
}

type Opener = keyof Backend

function parse(opener: Opener, url: unknown): URL {
  if (url instanceof URL) return url
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url)
  // A URL may hold a password.
  const got = typeof url === 'string' && url.includes('@') ? 'another text' : describe(url)
  const message = `${opener}: expected a URL such as "yaml:traces.yaml", got ${got}; the schemes are ${SCHEMES}`
  throw new TraceError('TRACE_BAD_URL', message)
}

function exported(opener: Opener, url: URL): (url: URL) => unknown {
  const scheme = url.protocol.slice(0, -1)
  const backend: unknown = BUILT_IN.get(scheme) ?? load(opener, url)
  const open: unknown = typeof backend === 'object' && backend !== null ? Reflect.get(backend, opener) : undefined
  if (typeof open === 'function') return (target) => Reflect.apply(open, backend, [target])
  if (scheme === 'none')
    throw new TraceError('TRACE_BAD_URL', `${url.protocol} nothing is recorded there, so nothing can be read`)
  throw badPackage(url, `it exports no function ${opener}; update it, or choose another of ${SCHEMES}`)
}

function packageOf(url: URL): string {
  const scheme = url.protocol.slice(0, -1)
  return PACKAGES.get(scheme) ?? `trace-recorder-${scheme}`
}

function load(opener: Opener, url: URL): unknown {
  const name = packageOf(url)
  const places = applicationFolders()
  // Not imported: bundlers take a `createRequire` that they see for their own, and two of it for a mistake.
  const { createRequire } = process.getBuiltinModule('node:module')
  for (const folder of places) {
    const require = createRequire(join(folder, 'resolve.js'))
    try {
      require.resolve(name)
    } catch (error) {
      if (isNotFound(error)) continue
      throw badPackage(url, `it cannot be resolved: ${errorMessage(error)}`, error)
    }
    try {
      return require(name)
    } catch (error) {
      throw badPackage(url, `it cannot be loaded: ${errorMessage(error)}`, error)
    }
  }
  const looked =
    places.length > 0 ? `looked for from ${places.join(' and ')}` : 'and there is no folder to look for it from'
  if (PACKAGES.has(url.protocol.slice(0, -1))) {
    const message = `${opener}: ${url.protocol} needs the package ${name}, which is not installed (${looked}): npm install ${name}`
    throw new TraceError('TRACE_MISSING_PACKAGE', message)
  }
  const message = `${opener}: unknown scheme ${url.protocol} (the schemes are ${SCHEMES}; for any other, a package such as ${name} must be installed, ${looked})`
  throw new TraceError('TRACE_BAD_URL', message)
}

/** Where a program's dependencies are found from: its main script, as it was called and as links lead to it; its folder. */
function applicationFolders(): string[] {
  const folders = new Set<string>()
  const script = process.argv[1]
  if (script !== undefined) {
    folders.add(join(script, '..'))
    try {
      folders.add(join(realpathSync(script), '..'))
    } catch {
      // The first argument need not be a file, as with `node -e`.
    }
  }
  try {
    folders.add(process.cwd())
  } catch {
    // It was removed, and the main script may be elsewhere.
  }
  return [...folders]
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'MODULE_NOT_FOUND'
}

function isRecorder(value: unknown): value is Recorder {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'record') === 'function'
}

function isReader(value: unknown): value is TraceReader {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'traces') === 'function'
}

function badPackage(url: URL, why: string, cause?: unknown): TraceError {
  return new TraceError('TRACE_BAD_PACKAGE', `${url.protocol} is of the package ${packageOf(url)}: ${why}`, { cause })
}

/** The number changes with what other copies of this package must find in it. */
const MEMORIES = Symbol.for('@trace/core/memories/1')

/** One for the process, even where two copies of this package are loaded: what one records, the other reads. */
function sharedMemories(): Map<string, MemoryRecorder> {
  const existing: unknown = Reflect.get(globalThis, MEMORIES)
  if (existing instanceof Map) return existing
  const created = new Map<string, MemoryRecorder>()
  Object.defineProperty(globalThis, MEMORIES, { value: created })
  return created
}

/** The same one for the same URL, so that what is recorded can be read. */
function memoryOf(url: URL): MemoryRecorder {
  if (url.host !== '' || url.search !== '' || url.hash !== '') {
    throw new TraceError('TRACE_BAD_URL', `${url.protocol} takes at most a name: memory: or memory:name`)
  }
  const memories = sharedMemories()
  const existing = memories.get(url.pathname)
  if (existing !== undefined) return existing
  const created = memoryRecorder()
  memories.set(url.pathname, created)
  return created
}

const nothing: Recorder = { name: 'none', record: () => {}, recordSync: () => {} }
