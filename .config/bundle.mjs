// Bundles the library in the current folder: a file for each of its exports, and one, shared.js, for all that several of them
// use. Node takes about half a millisecond for every file that it imports.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const SHARED = 'dist/shared.js'
const settings = {
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  metafile: true,
}

const { exports, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8'))
const files = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)]
const sources = files
  .filter((file) => file !== undefined)
  .map((file) => file.replace(/^(\.\/)?dist\//, 'src/').replace(/\.js$/, '.ts'))

// What an earlier build has left would be published too.
for (const file of readdirSync('dist', { recursive: true })) if (/\.js(\.map)?$/.test(file)) rmSync(join('dist', file))

const split = await build({ ...settings, entryPoints: sources, outdir: 'dist', outbase: 'src', splitting: true })
const outputs = Object.entries(split.metafile.outputs).filter(([path]) => path.endsWith('.js'))
const isChunk = ([, { entryPoint }]) => entryPoint === undefined
await shareOne(outputs.filter(isChunk))

/** Makes one file of the several that esbuild makes: one for each set of exports that have code in common. */
async function shareOne(chunks) {
  if (chunks.length < 2) return
  const names = chunks.flatMap(([, output]) => output.exports)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new Error(`two chunks export ${twice}: give one of them another name`)
  const contents = chunks.map(([path]) => `export * from './${basename(path)}'`).join('\n')
  await build({ ...settings, stdin: { contents, resolveDir: 'dist' }, outfile: SHARED })
  await build({
    ...settings,
    entryPoints: outputs.filter((output) => !isChunk(output)).map(([path]) => path),
    outdir: 'dist',
    outbase: 'dist',
    allowOverwrite: true,
    plugins: [{ name: 'shared', setup: ({ onResolve }) => onResolve({ filter: /^\./ }, toShared) }],
  })
  for (const [path] of chunks) for (const file of [path, `${path}.map`]) rmSync(file)

  function toShared({ path, kind, importer }) {
    if (kind === 'dynamic-import') return { path, external: true }
    const folder = dirname(importer)
    const isOfChunk = chunks.some(([chunk]) => resolve(chunk) === resolve(folder, path))
    return isOfChunk ? { path: `./${relative(folder, SHARED).replaceAll('\\', '/')}`, external: true } : undefined
  }
}
