import type { Row, Run, Side } from '../harness/row.js'
import { allocated, timed } from '../workloads/sides.js'

/** A smoke test runs the smaller of two workloads. */
function sized(many: string, few: string): Side {
  return (run: Run) => timed('yaml-file', run.quick ? few : many)(run)
}

export const yamlRows: readonly Row[] = [
  {
    name: 'yaml-write',
    title: 'a span written as YAML',
    unit: 'ns',
    sides: {
      trace: timed('yaml', 'write-trace'),
      json: timed('yaml', 'write-json'),
      yaml: timed('yaml', 'write-yaml'),
      'js-yaml': timed('yaml', 'write-js-yaml'),
    },
    readings: [
      { label: 'times JSON.stringify of the same fields', of: 'trace', dividedBy: 'json', goal: { atMost: 1.5 } },
      { label: 'yaml takes … times as long', of: 'yaml', dividedBy: 'trace', goal: { atLeast: 40 } },
      { label: 'js-yaml takes … times as long', of: 'js-yaml', dividedBy: 'trace', goal: { atLeast: 25 } },
    ],
  },
  {
    name: 'yaml-bytes',
    title: 'bytes allocated per span written as YAML',
    unit: 'B',
    sides: { trace: allocated('yaml', 'write-trace'), json: allocated('yaml', 'write-json') },
    readings: [{ label: 'times JSON.stringify of the same fields', of: 'trace', dividedBy: 'json' }],
    samples: 3,
  },
  {
    name: 'yaml-read',
    title: 'a span read from YAML',
    unit: 'ns',
    sides: {
      trace: timed('yaml', 'read-trace'),
      yaml: timed('yaml', 'read-yaml'),
      'js-yaml': timed('yaml', 'read-js-yaml'),
    },
    readings: [
      { label: 'parseAllDocuments takes … times as long', of: 'yaml', dividedBy: 'trace', goal: { atLeast: 40 } },
      { label: 'js-yaml loadAll takes … times as long', of: 'js-yaml', dividedBy: 'trace', goal: { atLeast: 8 } },
    ],
  },
  {
    name: 'yaml-find',
    title: 'one trace found in a file of 300 MB',
    unit: 'ns',
    sides: { trace: sized('trace-many', 'trace-few'), 'reading bytes': sized('bytes-many', 'bytes-few') },
    readings: [
      {
        label: "times as long as reading the file's bytes",
        of: 'trace',
        dividedBy: 'reading bytes',
        goal: { atMost: 2 },
      },
    ],
    samples: 4,
    starts: 2,
  },
]
