// Bundles the page: one script, one style sheet and the HTML that loads them, in dist/page.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { minify } from '@swc/core'
import { build } from 'esbuild'

// What reads files of spans stands beside what needs Node, and is free of it. In the sources they are in files of their own, in what is built of
// them they share one.
const withoutNode = {
  name: 'without-node',
  setup({ onResolve, onLoad }) {
    // What is loaded when it is needed, such as what reads all of YAML, the page never loads: esbuild would keep all that it uses.
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
    onResolve({ filter: /^@trace\// }, ({ path }) => ({ path: sourceOf(path), sideEffects: false }))
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'node', sideEffects: false }))
    // The page has one copy of core, whose errors need not be told from those of others.
    onLoad({ filter: /core\/src\/values\/errors\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/^ *static .*\[Symbol\.hasInstance\].*$/gm, ''),
      loader: 'ts',
    }))
    onLoad({ filter: /core\/src\/(values|store)\/[\w-]+\.ts$/ }, ({ path }) => {
      const contents = INSTEAD[basename(path)]
      return contents === undefined ? undefined : { contents }
    })
    onLoad({ filter: /.*/, namespace: 'node' }, async ({ path }) => ({
      contents: await nothingOf(path),
    }))
  },
}

/** A module with the names of one of Node, so that what nobody uses in the end can be left out. */
async function nothingOf(path) {
  const names = path.startsWith('node:') ? Object.keys(await import(path)) : []
  return names.map((name) => `export ${name === 'default' ? 'default' : `const ${name} =`} undefined`).join('\n')
}

/** What no browser needs of core: startup snapshots of Node, ids of a pool, and checks of options and queries, which the page's types have checked. */
const INSTEAD = {
  'check-query.ts':
    'export const checkQuery = (query) => ({ limit: 20, ...query })\nexport function checkSpanQuery() {}\nexport function checkTraceId() {}',
  'random-ids.ts':
    'export const generateId = () => BigInt.asUintN(63, crypto.getRandomValues(new BigUint64Array(1))[0])',
  'snapshot.ts': 'export function aroundSnapshot() {}',
  'options.ts':
    'export function checkOptions() {}\nexport function problemWith() {}\nexport const optionRules = { boolean: undefined, function: undefined }',
}

/** The source of an entry of a package, such as `@trace/core/spans`. */
function sourceOf(entry) {
  const [, name, ...path] = entry.split('/')
  const { exports } = JSON.parse(readFileSync(`../${name}/package.json`, 'utf8'))
  const built = exports[['.', ...path].join('/')].import.default
  return resolve(`../${name}`, built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))
}

mkdirSync('dist/page', { recursive: true })
const { metafile } = await build({
  entryPoints: ['src/page/page.tsx'],
  outfile: 'dist/page/page.js',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome120', 'firefox120', 'safari17'],
  // What is within an element is given to `h` as it is, which is shorter than as one of its properties.
  jsx: 'transform',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  // Fields that a constructor fills are not declared besides.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  minify: true,
  legalComments: 'none',
  charset: 'utf8',
  inject: ['buffer-in-browsers.mjs', 'elements-of-page.mjs'],
  logLevel: 'warning',
  metafile: true,
  plugins: [withoutNode],
})
const needed = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
const ofNode = needed.filter((input) => input.startsWith('node:node:')).map((input) => input.slice(5))
const loaded = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
if (ofNode.length + loaded.length > 0)
  throw new Error(`the page would need ${[...ofNode, ...loaded].join(', ')}, which it does not have in a browser`)
await build({
  entryPoints: ['src/page/page.css'],
  outfile: 'dist/page/page.css',
  bundle: true,
  minify: true,
  target: ['chrome123', 'firefox120', 'safari17.5'],
})
copyFileSync('src/page/index.html', 'dist/page/index.html')

// Minified again: this one finds 5% more. The saved page has this code within a script element, which these would end, or begin another one in.
const { code } = await minify(readFileSync('dist/page/page.js', 'utf8'), {
  module: true,
  ecma: 2022,
  // Nothing of ours or Preact's calls a function expression by `new`.
  compress: { ecma: 2022, passes: 3, unsafe_arrows: true },
  mangle: true,
})
writeFileSync('dist/page/page.js', code)
const found = /<\/?script|<!--/i.exec(code)
if (found !== null) throw new Error(`page.js has ${found[0]} in it: ${code.slice(found.index - 80, found.index + 80)}`)
