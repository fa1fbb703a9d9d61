// Plain JavaScript, so that it can say what to do where nothing is built yet.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

function isBuilt() {
  try {
    for (const name of ['cli', 'core', 'http', 'yamlrec', 'jsonrec', 'dynamorec']) require.resolve(`@trace/${name}`)
    return existsSync(new URL('dist/main.js', import.meta.url))
  } catch {
    return false
  }
}

if (isBuilt()) {
  await import('./dist/main.js')
} else {
  console.error(
    'The example is not built. Run `npm install && npm start` at the top of the repository, which builds it.',
  )
  process.exitCode = 1
}
