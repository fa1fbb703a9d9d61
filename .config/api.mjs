// Writes what each entry of the package in the current folder exports to api/<entry>.api.md, so that a change of the public
// types shows in review. `--check` writes nothing, and fails where a report is not what the package exports now.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const check = process.argv.includes('--check')
const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const temporary = mkdtempSync(join(tmpdir(), 'trace-api-'))
mkdirSync('api', { recursive: true })

const wrong = Object.keys(exports)
  .filter((entry) => entry !== './package.json')
  .filter((entry) => !report(entry))
rmSync(temporary, { recursive: true })
if (wrong.length > 0) {
  const entries = wrong.map((entry) => name + entry.slice(1)).join(', ')
  console.error(`The reports in api/ are not what ${entries} exports now: run npm run api, and look at the difference.`)
  process.exitCode = 1
}

/** @returns whether the report was right, or has been written */
function report(entry) {
  const reportFileName = entry === '.' ? 'index' : basename(entry)
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: resolve('package.json'),
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: resolve(exports[entry].import.types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: { module: 'nodenext', target: 'es2023', skipLibCheck: true, types: ['node'] },
        },
      },
      apiReport: { enabled: true, reportFolder: resolve('api'), reportTempFolder: temporary, reportFileName },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'none' },
          'ae-forgotten-export': { logLevel: 'none' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  })
  const result = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      // What it says of itself, such as which compiler it brings along.
      if (message.logLevel !== 'error') message.handled = true
    },
  })
  return check ? !result.apiReportChanged : result.succeeded
}
