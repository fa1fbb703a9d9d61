let loaded: typeof import('node:http') | undefined

/** Loads `node:http` where it is first needed: that takes some milliseconds, and who has a server to trace has it anyway. */
export function nodeHttp(): typeof import('node:http') {
  loaded ??= process.getBuiltinModule('node:http')
  return loaded
}
