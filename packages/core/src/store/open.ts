import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceReader } from '../contract/reader.js'
import type { Recorder } from '../contract/recorder.js'
import { describe, errorMessage, TraceError } from '../values/errors.js'
import { isRecorder } from '../values/options.js'
import { type MemoryRecorder, memoryRecorder } from './memory.js'

/**
 * What a package exports from its main entry, so that it can be chosen by URL. Both functions get a URL with the package's scheme.
 * They return at once without any I/O, and throw a `TraceError` of code `TRACE_BAD_URL` for a URL that they cannot use.
 */
export interface Backend {
  openRecorder(url: URL): Recorder
  /** Left out if the store cannot be read. */
  openReader?(url: URL): TraceReader
}

/** The packages of the schemes that do not follow the rule of {@link packageOf}. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['yaml', '@trace/yamlrec'],
  ['jsonl', '@trace/jsonrec'],
  ['dynamodb', '@trace/dynamorec'],
  ['otlp+http', '@trace/otel/otlp'],
  ['otlp+https', '@trace/otel/otlp'],
])
const BUILT_IN: ReadonlyMap<string, Backend> = new Map([
  ['memory', { openRecorder: memoryOf, openReader: memoryOf }],
  ['none', { openRecorder: () => nothing }],
])
const SCHEMES = [...PACKAGES.keys(), ...BUILT_IN.keys()].map((scheme) => `${scheme}:`).join(', ')

/**
 * Opens the recorder of a URL, such as that of the environment's `TRACE_RECORDER`:
 *
 * - `yaml:traces.yaml`, `yaml:/var/log/traces.yaml`, `yaml:-` (standard output): the package `@trace/yamlrec`
 * - `jsonl:traces.jsonl`, likewise: `@trace/jsonrec`
 * - `dynamodb://Traces?region=eu-west-1`: `@trace/dynamorec`
 * - `otlp+http://localhost:4318`, `otlp+https:` likewise: `@trace/otel/otlp`
 * - `memory:`, or `memory:name` for a separate one: kept in this process; `openReader` with the same URL reads it
 * - `none:` records nothing
 * - any other scheme `x:`: the installed package `trace-recorder-x`, which exports {@link Backend}
 *
 * Packages are looked for from the program's main script, then from the current folder. They are loaded at once, by `require`,
 * which takes ES modules too. So the recorder needs no `await`, and a mistake in the URL or the installation shows when the
 * program starts, not with its first span.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if it is not a URL, has an unknown scheme, or is one that the backend cannot use;
 * `TRACE_MISSING_PACKAGE` if the scheme's package is not installed; `TRACE_BAD_PACKAGE` if it cannot be loaded or does not export
 * `openRecorder`. Errors of the backend, such as `TRACE_BAD_OPTION`, pass through.
 */
export function openRecorder(url: URL | string): Recorder {
  const parsed = parse('openRecorder', url)
  const recorder: unknown = exported('openRecorder', parsed)(parsed)
  if (isRecorder(recorder)) return recorder
  throw badPackage(
    parsed,
    `its openRecorder returned ${describe(recorder)} instead of a recorder; report this to the package's author`,
  )
}

/**
 * Opens the reader of what {@link openRecorder} with the same URL records. It is found in the same way.
 *
 * @throws {TraceError} as `openRecorder` does; also `TRACE_BAD_URL` if the store of the URL cannot be read
 */
export function openReader(url: URL | string): TraceReader {
  const parsed = parse('openReader', url)
  const reader: unknown = exported('openReader', parsed)(parsed)
  if (isReader(reader)) return reader
  throw badPackage(
    parsed,
    `its openReader returned ${describe(reader)} instead of a reader; report this to the package's author`,
  )
}

type Opener = keyof Backend

function parse(opener: Opener, url: unknown): URL {
  if (url instanceof URL) return url
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url)
  // A URL may hold a password.
  const got = typeof url === 'string' && url.includes('@') ? 'a text that is not a URL' : describe(url)
  const message = `${opener}: expected a URL such as "yaml:traces.yaml", got ${got}; the schemes are ${SCHEMES}`
  throw new TraceError('TRACE_BAD_URL', message)
}

function exported(opener: Opener, url: URL): (url: URL) => unknown {
  const scheme = url.protocol.slice(0, -1)
  const backend: unknown = BUILT_IN.get(scheme) ?? load(opener, url)
  const open: unknown = typeof backend === 'object' && backend !== null ? Reflect.get(backend, opener) : undefined
  if (typeof open === 'function') return (target) => Reflect.apply(open, backend, [target])
  if (scheme === 'none')
    throw new TraceError('TRACE_BAD_URL', `${url.protocol} records nothing, so there is nothing to read`)
  throw badPackage(url, `it does not export ${opener}; update it, or use another scheme: ${SCHEMES}`)
}

function packageOf(url: URL): string {
  const scheme = url.protocol.slice(0, -1)
  return PACKAGES.get(scheme) ?? `trace-recorder-${scheme}`
}

function load(opener: Opener, url: URL): unknown {
  const name = packageOf(url)
  const places = applicationFolders()
  // Not imported, since bundlers replace a `createRequire` that they see, and refuse a second one.
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
    places.length > 0 ? `looked for from ${places.join(' and ')}` : 'there is no folder to look for it from'
  if (PACKAGES.has(url.protocol.slice(0, -1))) {
    const installed = name.split('/').slice(0, 2).join('/')
    const message = `${opener}: ${url.protocol} needs the package ${name}, which is not installed (${looked}): npm install ${installed}`
    throw new TraceError('TRACE_MISSING_PACKAGE', message)
  }
  const message = `${opener}: unknown scheme ${url.protocol} install its package ${name} (${looked}), or use one of ${SCHEMES}`
  throw new TraceError('TRACE_BAD_URL', message)
}

/** The folders to look for packages from: those of the main script, as it was called and with links resolved, and the current one. */
function applicationFolders(): string[] {
  const folders = new Set<string>()
  const script = process.argv[1]
  if (script !== undefined) {
    folders.add(join(script, '..'))
    try {
      folders.add(join(realpathSync(script), '..'))
    } catch {
      // The first argument may be no file, as with `node -e`.
    }
  }
  try {
    folders.add(process.cwd())
  } catch {
    // The current folder was removed.
  }
  return [...folders]
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'MODULE_NOT_FOUND'
}

function isReader(value: unknown): value is TraceReader {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'traces') === 'function'
}

function badPackage(url: URL, why: string, cause?: unknown): TraceError {
  return new TraceError('TRACE_BAD_PACKAGE', `${url.protocol} needs the package ${packageOf(url)}: ${why}`, { cause })
}

/** The number changes when other copies of this package could not use the contents. */
const MEMORIES = Symbol.for('@trace/core/memories/1')

/** One per process, even if two copies of this package are loaded: so one reads what the other records. */
function sharedMemories(): Map<string, MemoryRecorder> {
  const existing: unknown = Reflect.get(globalThis, MEMORIES)
  if (existing instanceof Map) return existing
  const created = new Map<string, MemoryRecorder>()
  Object.defineProperty(globalThis, MEMORIES, { value: created })
  return created
}

/** The recorder of a URL, the same one each time, so that what it records can be read. */
function memoryOf(url: URL): MemoryRecorder {
  if (url.host !== '' || url.search !== '' || url.hash !== '') {
    throw new TraceError('TRACE_BAD_URL', `${url.protocol} takes a name or nothing, as in memory:name or memory:`)
  }
  const memories = sharedMemories()
  const existing = memories.get(url.pathname)
  if (existing !== undefined) return existing
  const created = memoryRecorder()
  memories.set(url.pathname, created)
  return created
}

const nothing: Recorder = { name: 'none', record: () => {}, recordSync: () => {} }
