// Checks the files of a project and the declarations of our packages, but not those of others: node types.cjs <the compiler's module>
// <folder>. Prints mistakes as tsc does.
const { join } = require('node:path')

const [, , compiler, folder] = process.argv
const ts = require(compiler)

const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail }
const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), {}, host)
const program = ts.createProgram({ rootNames: fileNames, options })
const isOurs = ({ fileName }) => !/node_modules\/(?!@trace\/)/.test(fileName)
const mistakes = [
  ...errors,
  ...program.getOptionsDiagnostics(),
  ...program.getSyntacticDiagnostics(),
  ...program
    .getSourceFiles()
    .filter(isOurs)
    .flatMap((file) => program.getSemanticDiagnostics(file)),
]
print(mistakes)

function print(diagnostics) {
  const format = { getCurrentDirectory: () => folder, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }
  process.stdout.write(ts.formatDiagnostics(diagnostics, format))
  if (diagnostics.length > 0) process.exitCode = 1
}

function fail(diagnostic) {
  print([diagnostic])
}
