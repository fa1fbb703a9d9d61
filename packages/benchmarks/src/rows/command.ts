import {
  DUCKDB,
  JQ,
  missing,
  type OtherProgram,
  peakOf,
  type ScriptName,
  timeOf,
  timeOfOther,
} from '../command/sides.js'
import type { Reading, Row } from '../harness/row.js'

const more = (of: string, atMost: number): Reading => ({
  label: `ms more than bare Node: ${of}`,
  of,
  minus: 'bare Node',
  goal: { atMost },
})
const timesReading = (of: string): Reading => ({
  label: `times as long as reading the bytes and parsing them: ${of}`,
  of,
  dividedBy: 'reading, parsing',
  goal: { atMost: 2 },
})
const peak = (label: string, script: ScriptName): [string, ReturnType<typeof peakOf>] => [label, peakOf(script)]
/** In MB. */
const MOST_MEMORY = 150

function besideOther(program: OtherProgram): Row {
  const { name } = program
  return {
    name: `command-${name}`,
    title: `a generated file's spans counted by name: trace stats, and ${name} on the file as JSON lines`,
    unit: 'ms',
    sides: { 'trace stats': timeOf('stats'), [name]: timeOfOther(program) },
    readings: [{ label: `${name} takes … times as long`, of: name, dividedBy: 'trace stats' }],
    obstacle: () => missing(program),
    starts: 1,
    samples: 3,
  }
}

/** The command `trace`, each time in a process of its own, from its start to its end. */
export const commandRows: readonly Row[] = [
  {
    name: 'command-start',
    title: 'start of the command: its help, and a list of two traces',
    unit: 'ms',
    sides: {
      'trace --help': timeOf('help', 'small'),
      'trace ls': timeOf('ls', 'small'),
      'bare Node': timeOf('bare', 'small'),
    },
    readings: [more('trace --help', 60), more('trace ls', 60)],
    starts: 1,
    samples: 21,
  },
  {
    name: 'command-newest',
    title: 'the newest traces of a generated file',
    unit: 'ms',
    sides: { 'trace ls': timeOf('ls'), 'trace show last': timeOf('newest'), 'bare Node': timeOf('bare') },
    readings: [more('trace ls', 300), more('trace show last', 300)],
    starts: 1,
  },
  {
    name: 'command-all',
    title: 'all of a generated file: statistics, and its oldest trace',
    unit: 'ms',
    sides: { 'trace stats': timeOf('stats'), 'trace show': timeOf('oldest'), 'reading, parsing': timeOf('read') },
    readings: [timesReading('trace stats'), timesReading('trace show')],
    starts: 1,
    samples: 5,
  },
  {
    name: 'command-memory',
    title: 'the most memory that the command takes for a generated file',
    unit: 'MB',
    sides: Object.fromEntries([
      peak('trace ls', 'ls'),
      peak('trace show last', 'newest'),
      peak('trace show', 'oldest'),
      peak('trace stats', 'stats'),
      peak('bare Node', 'bare'),
    ]),
    readings: ['trace ls', 'trace show last', 'trace show', 'trace stats'].map((of) => ({
      label: `MB: ${of}`,
      of,
      goal: { atMost: MOST_MEMORY },
    })),
    starts: 1,
    samples: 1,
  },
  {
    name: 'command-yaml',
    title: "a sample of the file's spans counted by name: trace stats, and the package yaml",
    unit: 'ms',
    sides: { 'trace stats': timeOf('stats', 'sample'), yaml: timeOf('read-yaml', 'sample') },
    readings: [{ label: 'yaml takes … times as long', of: 'yaml', dividedBy: 'trace stats' }],
    starts: 1,
    samples: 5,
  },
  besideOther(JQ),
  besideOther(DUCKDB),
]
