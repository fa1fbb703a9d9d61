// Jest evaluates CommonJS, such as its own `expect` and what tests import of the registry, anew for each test file, and has V8 compile it
// anew too. With this, V8 compiles it for the first test file of a process, and the others take the code from there.
import vm from 'node:vm'

const compileFunction = vm.compileFunction
/** By file: its text and, until it is compiled again, its script, then its code, which has all functions that were called. */
const compiled = new Map()
/** What imports modules for the scripts of the test file that runs. */
const importers = new Set()

vm.compileFunction = (source, parameters = [], options = {}) => {
  const { filename, importModuleDynamically: load, parsingContext } = options
  // Anything but Jest, such as a test.
  if (!filename || !load || !parsingContext) return compileFunction(source, parameters, options)
  const start = `(function (${parameters.join(',')}) {`
  const text = `${start}${source}\n})`
  const importer = { load }
  importers.add(importer)
  const importModuleDynamically = (...args) => importer.load(...args)
  const settings = {
    filename,
    columnOffset: -start.length,
    importModuleDynamically,
    cachedData: codeOf(filename, text),
  }
  const script = new vm.Script(text, settings)
  if (settings.cachedData === undefined) compiled.set(filename, { text, script })
  return script.runInContext(parsingContext)
}

function codeOf(filename, text) {
  const known = compiled.get(filename)
  if (known?.text !== text) return undefined
  known.code ??= known.script.createCachedData()
  known.script = undefined
  return known.code
}

/** Lets go of the test file that has run, which a kept script would keep whole. */
export function endTestFile() {
  for (const importer of importers) importer.load = refuse
  importers.clear()
}

async function refuse(specifier) {
  throw new Error(`${specifier} was imported after the test file had ended`)
}
