// Checks the files of projects and the declarations of our packages, but not those of others: node types.cjs <the compiler's module>
// <folder>... Prints mistakes as tsc does.
const { join } = require('node:path')

const [, , compiler, ...folders] = process.argv
const ts = require(compiler)

/** Declarations that no setting of the projects changes, each of which is parsed once for all of them. */
const SHARED = /\/(?:lib\.[^/]*|node_modules\/@types\/node\/.*)\.d\.ts$/
const shared = new Map()

for (const folder of folders) check(folder)

function check(folder) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => print(folder, [diagnostic]) }
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), {}, host)
  const program = ts.createProgram({ rootNames: fileNames, options, host: hostOf(options) })
  const isOurs = ({ fileName }) => !/node_modules\/(?!@trace\/)/.test(fileName)
  print(folder, [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(),
    ...program
      .getSourceFiles()
      .filter(isOurs)
      .flatMap((file) => program.getSemanticDiagnostics(file)),
  ])
}

function hostOf(options) {
  const host = ts.createCompilerHost(options)
  const parse = host.getSourceFile
  host.getSourceFile = (file, how, ...more) => {
    if (!SHARED.test(file)) return parse(file, how, ...more)
    const key = `${file} ${how.impliedNodeFormat}`
    if (!shared.has(key)) shared.set(key, parse(file, how, ...more))
    return shared.get(key)
  }
  return host
}

function print(folder, diagnostics) {
  const format = { getCurrentDirectory: () => folder, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }
  process.stdout.write(ts.formatDiagnostics(diagnostics, format))
  if (diagnostics.length > 0) process.exitCode = 1
}
