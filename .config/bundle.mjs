// Bundles the library in the current folder, as ES modules and as CommonJS: in each, a file for each of its exports, and one,
// shared, for all that several of them use (an export that imports nothing is a file by itself). Node takes one or two milliseconds for every file that it imports.
// What is a dependency, or a peer dependency, stays outside; a development dependency that is imported is bundled in.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parse } from 'acorn'
import { build } from 'esbuild'

const SHARED = 'dist/shared.js'
/** What the scripts in bin/ load: these are there before anything is built, so that npm links them in a fresh clone. */
const COMMAND = 'dist/bin.js'
const { exports, bin = {}, dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'))
const settings = {
  bundle: true,
  external: ['node:*', ...Object.keys(dependencies), ...Object.keys(peerDependencies)],
  format: 'esm',
  // Not `node`, for which some dependencies have CommonJS, that calls a `require` which ES modules do not have.
  platform: 'neutral',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  metafile: true,
}

const isChunk = ([, { entryPoint }]) => entryPoint === undefined
/** What is imported when it is needed stays in a file of its own. */
const lazy = ({ path, kind }) => (kind === 'dynamic-import' ? { path, external: true } : undefined)
const keepLazy = { name: 'lazy', setup: ({ onResolve }) => onResolve({ filter: /^\./ }, lazy) }

removeOldOutputs()
await bundleModules()
await convertToCommonJs()
importBuiltinsLightly()
keepConstants()
copyDeclarations()

/** What an earlier build has left would be published too. The compiler has just written the declarations, but removes none. */
function removeOldOutputs() {
  for (const file of filesIn('dist')) {
    const source = join('src', file.replace(/\.d\.ts(\.map)?$/, '.ts'))
    if (!/\.d\.ts(\.map)?$/.test(file) || !existsSync(source)) rmSync(join('dist', file))
  }
}

async function bundleModules() {
  const entries = Object.values(exports).map((entry) => entry.import?.default)
  const entryPoints = [...entries, ...(Object.keys(bin).length > 0 ? [COMMAND] : [])]
    .filter((file) => file !== undefined)
    .map((file) => file.replace(/^(\.\/)?dist\//, 'src/').replace(/\.js$/, '.ts'))
  const alone = await entriesWithoutImports(entryPoints)
  const others = entryPoints.filter((entry) => !alone.includes(entry))
  const whole = await build({ ...settings, entryPoints: alone, outdir: 'dist', outbase: 'src' })
  const split = await build({ ...settings, entryPoints: others, outdir: 'dist', outbase: 'src', splitting: true })
  writeLicenses([whole, split].flatMap(({ metafile }) => Object.keys(metafile.inputs)))
  const outputs = Object.entries(split.metafile.outputs).filter(([path]) => path.endsWith('.js'))
  if (others.length === 1) await shareNothing(outputs)
  else await shareOne(outputs)
}

/**
 * Entries that import nothing, neither of Node nor of another package, beside some that do: browsers load them too, and could not
 * load what the others share.
 */
async function entriesWithoutImports(entryPoints) {
  if (entryPoints.length < 2) return []
  const { metafile } = await build({ ...settings, entryPoints, outdir: 'dist', outbase: 'src', write: false })
  const outputs = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined)
  const alone = outputs.filter(({ imports }) => imports.length === 0).map(({ entryPoint }) => entryPoint)
  return alone.length === entryPoints.length ? [] : alone
}

/**
 * What one entry and the files that it imports when it needs them have in common is in each of them, so that the entry is one file.
 * Code in common must not keep state.
 */
async function shareNothing(outputs) {
  const chunks = outputs.filter(isChunk)
  if (chunks.length !== 1) return shareOne(outputs)
  await bundleOutputs(outputs, keepLazy)
  removeOutputs(chunks)
}

function bundleOutputs(outputs, plugin) {
  const entryPoints = outputs.filter((output) => !isChunk(output)).map(([path]) => path)
  return build({
    ...settings,
    entryPoints,
    outdir: 'dist',
    outbase: 'dist',
    allowOverwrite: true,
    plugins: [plugin],
  })
}

function removeOutputs(outputs) {
  for (const [path] of outputs) for (const file of [path, `${path}.map`]) rmSync(file)
}

/** Makes one file of the several that esbuild makes: one for each set of exports that have code in common. */
async function shareOne(outputs) {
  const chunks = outputs.filter(isChunk)
  if (chunks.length < 2) return
  const names = chunks.flatMap(([, output]) => output.exports)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new Error(`two chunks export ${twice}: give one of them another name`)
  const contents = chunks.map(([path]) => `export * from './${basename(path)}'`).join('\n')
  await build({ ...settings, stdin: { contents, resolveDir: 'dist' }, outfile: SHARED, plugins: [keepLazy] })
  await bundleOutputs(outputs, { name: 'shared', setup: ({ onResolve }) => onResolve({ filter: /^\./ }, toShared) })
  removeOutputs(chunks)

  function toShared({ path, kind, importer }) {
    if (kind === 'dynamic-import') return lazy({ path, kind })
    const folder = dirname(importer)
    const isOfChunk = chunks.some(([chunk]) => resolve(chunk) === resolve(folder, path))
    return isOfChunk ? { path: `./${relative(folder, SHARED).replaceAll('\\', '/')}`, external: true } : undefined
  }
}

/**
 * `import` reads all exports of a module of Node's, and so loads what Node itself loads only when it is asked for: all of its streams
 * for `node:fs`, its `fetch` for `node:http`. That takes milliseconds.
 */
function importBuiltinsLightly() {
  const imports = /^import (?:\* as (\w+)|\{([^}]*)\}) from ("node:[a-z_/]+");$/gm
  for (const file of filesIn('dist').filter((name) => name.endsWith('.js'))) {
    const path = join('dist', file)
    const text = readFileSync(path, 'utf8')
    const light = text.replace(imports, (_, all, some, module) => {
      const names = all ?? `{${some.replaceAll(' as ', ': ')}}`
      return `const ${names} = process.getBuiltinModule(${module});`
    })
    if (light !== text) writeFileSync(path, light)
  }
}

/** One file of CommonJS for each ES module: those that run `require` within Jest, say, have nothing else. */
async function convertToCommonJs() {
  const usesUrl = filesIn('dist').some(
    (file) => file.endsWith('.js') && readFileSync(join('dist', file), 'utf8').includes('import.meta.url'),
  )
  await build({
    ...settings,
    format: 'cjs',
    ...(usesUrl
      ? {
          banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href" },
          define: { 'import.meta.url': 'moduleUrl' },
        }
      : {}),
    entryPoints: filesIn('dist')
      .map((file) => join('dist', file))
      .filter((file) => file.endsWith('.js') && resolve(file) !== resolve(COMMAND)),
    outdir: 'dist',
    outbase: 'dist',
    outExtension: { '.js': '.cjs' },
    // Within Jest, and other virtual machines, `import()` is refused.
    supported: { 'dynamic-import': false },
    plugins: [{ name: 'commonjs', setup: ({ onResolve }) => onResolve({ filter: /^\.{1,2}\// }, toCommonJs) }],
  })

  function toCommonJs({ path, importer }) {
    return importer === '' ? undefined : { path: path.replace(/\.js$/, '.cjs'), external: true }
  }
}

/**
 * esbuild makes a `var` of each `const` of a module. V8 takes the value of a constant when it compiles what uses it, and loads and checks
 * that of a variable each time.
 */
function keepConstants() {
  for (const file of filesIn('dist').filter((name) => /\.c?js$/.test(name))) {
    const path = join('dist', file)
    const text = readFileSync(path, 'utf8')
    const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
    const assigned = namesAssigned(program)
    const isConstant = ({ id, init }) => init !== null && id.type === 'Identifier' && !assigned.has(id.name)
    const constants = program.body.filter(({ kind, declarations }) => kind === 'var' && declarations.every(isConstant))
    let kept = text
    for (const { start } of constants.toReversed()) kept = `${kept.slice(0, start)}const${kept.slice(start + 3)}`
    if (kept !== text) writeFileSync(path, kept)
  }
}

/** Wherever that is, be it in a scope that has another variable of the name. */
function namesAssigned(program) {
  const targets = [...nodesIn(program)].flatMap(({ type, left, argument }) => {
    if (type === 'UpdateExpression') return argument
    return type === 'AssignmentExpression' || /^For(Of|In)Statement$/.test(type) ? left : []
  })
  // What is assigned to a property assigns nothing to the names that stand in it.
  const names = targets.flatMap((target) => [...nodesIn(target, 'MemberExpression')])
  return new Set(names.map(({ name }) => name))
}

function* nodesIn(node, except) {
  if (node.type === except) return
  yield node
  for (const child of Object.values(node).flat()) if (typeof child?.type === 'string') yield* nodesIn(child, except)
}

/** TypeScript tells from a declaration's name which of the two it is of. Both have the same lines, and so the same map. */
function copyDeclarations() {
  for (const file of filesIn('dist').filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join('dist', file), 'utf8')
    const copy = text.replace(/((?:\bfrom|\bimport\()\s*['"]\.{1,2}\/[^'"]*)\.js(?=['"])/g, '$1.cjs')
    writeFileSync(join('dist', file.replace(/\.ts$/, '.cts')), copy)
  }
}

/** The licences of what was bundled in ask that they go with it. */
function writeLicenses(inputs) {
  const folders = new Set(inputs.flatMap((input) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input) ?? []))
  if (folders.size === 0) return
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const license = readdirSync(folder).find((file) => /^licen[cs]e(\.|$)/i.test(file))
    if (license === undefined) throw new Error(`${name} is bundled in, and has no licence to go with it`)
    return `${name} ${version}\n\n${readFileSync(join(folder, license), 'utf8')}`
  })
  writeFileSync(
    'dist/THIRD-PARTY-LICENSES.txt',
    `Parts of these files are from other packages.\n\n${texts.join('\n\n')}`,
  )
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
