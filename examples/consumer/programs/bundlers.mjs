// Bundles a program: node bundlers.mjs <tool> <entry> <esm or cjs> <folder> <minify or nothing>; prints the file to run. Copied into a user's project,
// so that it finds the tool that is installed there.
import { join, resolve } from 'node:path'

const [tool, entry, format, folder, minify] = process.argv.slice(2)
const ending = format === 'esm' ? 'mjs' : 'cjs'
const tools = { esbuild, rollup, webpack, ncc }
console.log(await tools[tool]())

async function esbuild() {
  const { build } = await import('esbuild')
  const outfile = join(folder, `out.${ending}`)
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format,
    outfile,
    minify: minify === 'minify',
    logLevel: 'error',
  })
  return outfile
}

async function rollup() {
  const [{ rollup: bundle }, { nodeResolve }, { default: commonjs }] = await Promise.all(
    ['rollup', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs'].map((name) => import(name)),
  )
  const plugins = [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs()]
  const made = await bundle({ input: entry, plugins, external: [/^node:/], onwarn: fail })
  const entryFileNames = `out.${ending}`
  await made.write({ dir: folder, format, entryFileNames, chunkFileNames: `[name].${ending}` })
  return join(folder, entryFileNames)

  function fail({ code, message }) {
    // TypeScript's helpers and the like: none of ours are to be among them.
    if (code !== 'CIRCULAR_DEPENDENCY' || message.includes('@trace')) throw new Error(message)
  }
}

async function webpack() {
  const { default: compile } = await import('webpack')
  const filename = `out.${ending}`
  const output =
    format === 'esm'
      ? { path: resolve(folder), filename, module: true, chunkFormat: 'module', chunkFilename: '[id].mjs' }
      : { path: resolve(folder), filename, chunkFilename: '[id].cjs' }
  const configuration = {
    mode: 'production',
    target: 'node20',
    entry: resolve(entry),
    output,
    optimization: { minimize: minify === 'minify' },
    experiments: { outputModule: format === 'esm' },
  }
  const stats = await new Promise((done, fail) => {
    compile(configuration, (error, result) => (error ? fail(error) : done(result)))
  })
  const { errors, warnings } = stats.toJson({ errors: true, warnings: true })
  if (errors.length + warnings.length > 0)
    throw new Error(JSON.stringify([...errors, ...warnings].map((each) => each.message)))
  return join(folder, filename)
}

async function ncc() {
  const { createRequire } = await import('node:module')
  const { writeFileSync, mkdirSync } = await import('node:fs')
  const build = createRequire(import.meta.url)('@vercel/ncc')
  const { code, assets } = await build(resolve(entry), {
    cache: false,
    quiet: true,
    minify: minify === 'minify',
    esm: format === 'esm',
  })
  mkdirSync(folder, { recursive: true })
  for (const [name, { source }] of Object.entries(assets)) writeFileSync(join(folder, name), source)
  const file = join(folder, `out.${ending}`)
  writeFileSync(file, code)
  return file
}
