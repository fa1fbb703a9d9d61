// Bundles the page: one script, one style sheet and the HTML that loads them, in dist/page.
import { copyFileSync, mkdirSync } from 'node:fs'
import { build } from 'esbuild'

mkdirSync('dist/page', { recursive: true })
await build({
  entryPoints: ['src/page/page.tsx'],
  outfile: 'dist/page/page.js',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome120', 'firefox120', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
})
await build({
  entryPoints: ['src/page/page.css'],
  outfile: 'dist/page/page.css',
  minify: true,
  target: ['chrome123', 'firefox120', 'safari17.5'],
})
copyFileSync('src/page/index.html', 'dist/page/index.html')
