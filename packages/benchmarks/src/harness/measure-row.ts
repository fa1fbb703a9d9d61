import { numberIn } from './child.js'
import type { Goal, Probe, Reading, Row, Run, Sample, Side } from './row.js'
import { type Spread, spreadOf } from './statistics.js'

/** What was measured of one side: the spread of its samples. */
export interface SideResult extends Spread {
  readonly samples: readonly number[]
  /** The median by processor time. */
  readonly cpu: number | undefined
}

/** A reading's value: the median and the interquartile range over all turns; of a ratio of differences, see {@link Reading}. */
export interface ReadingResult extends Spread {
  readonly label: string
  /** The median ratio or difference by processor time. */
  readonly byCpu: number | undefined
  readonly goal: Goal | undefined
  readonly met: boolean | undefined
}

export interface RowResult {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly sides: Readonly<Record<string, SideResult>>
  readonly readings: readonly ReadingResult[]
  /** How long it took to measure. */
  readonly seconds: number
}

/** What each side gave in a turn, by its name. */
type Turn = ReadonlyMap<string, Sample>

/**
 * Starts all sides of a row and measures them in turns, so that whatever else the machine does affects all of them alike. A
 * ratio is taken between two samples of the same turn; the result is the median of these ratios.
 */
export async function measureRow(row: Row, run: Run): Promise<RowResult> {
  const begun = performance.now()
  const names = Object.keys(row.sides)
  const starts: Turn[][] = []
  const count = run.quick ? 1 : (row.starts ?? 3)
  for (let start = 0; start < count; start++) starts.push(await measureOnce(row, run, start))
  const sides: Record<string, SideResult> = {}
  for (const name of names) sides[name] = sideResult(starts.flat().map((turn) => sampleOf(turn, name)))
  const readings = row.readings.map((reading) => readingResult(reading, starts))
  const seconds = (performance.now() - begun) / 1000
  return { name: row.name, title: row.title, unit: row.unit, sides, readings, seconds }
}

async function measureOnce(row: Row, run: Run, start: number): Promise<Turn[]> {
  const probes: [string, Probe][] = []
  const turns: Turn[] = []
  try {
    const opening = async ([name, side]: [string, Side]): Promise<void> => void probes.push([name, await side(run)])
    // A smoke test may start all at once. Otherwise each side warms up while no other one runs.
    if (run.quick) await Promise.all(Object.entries(row.sides).map(opening))
    else for (const side of Object.entries(row.sides)) await opening(side)
    const count = run.quick ? 1 : (row.samples ?? 10)
    for (let turn = 0; turn < count; turn++) {
      turns.push(await measureTurn(probes, turn + start, run.quick ? 1 : (row.bursts ?? 1)))
    }
  } finally {
    await Promise.all(probes.map(([, probe]) => probe.close()))
  }
  return turns
}

async function measureTurn(probes: readonly [string, Probe][], turn: number, bursts: number): Promise<Turn> {
  const parts = new Map<string, Sample[]>(probes.map(([name]) => [name, []]))
  for (let burst = 0; burst < bursts; burst++) {
    // A different side goes first each time.
    const first = (turn + burst) % probes.length
    for (const [name, probe] of [...probes.slice(first), ...probes.slice(0, first)]) {
      parts.get(name)?.push(await probe.sample())
    }
  }
  return new Map([...parts].map(([name, samples]) => [name, meanOf(samples)]))
}

function meanOf(samples: readonly Sample[]): Sample {
  const mean = (figureIn: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + figureIn(sample), 0) / samples.length
  const cpu = mean((sample) => sample.cpu ?? Number.NaN)
  const names = Object.keys(samples[0]?.others ?? {})
  const others = Object.fromEntries(names.map((name) => [name, mean((sample) => numberIn(sample.others ?? {}, name))]))
  return { value: mean(({ value }) => value), ...(Number.isNaN(cpu) ? {} : { cpu }), others }
}

function sampleOf(turn: Turn, name: string): Sample {
  const sample = turn.get(name)
  if (sample === undefined) throw new Error(`no side is called ${name}`)
  return sample
}

function sideResult(samples: readonly Sample[]): SideResult {
  const values = samples.map(({ value }) => value)
  const cpu = samples.flatMap((sample) => sample.cpu ?? [])
  return { ...spreadOf(values), samples: values, cpu: cpu.length > 0 ? spreadOf(cpu).median : undefined }
}

function readingResult(reading: Reading, starts: readonly (readonly Turn[])[]): ReadingResult {
  const { label, dividedBy, minus, figure, goal } = reading
  const figureOf = ({ value, others = {} }: Sample): number => (figure === undefined ? value : numberIn(others, figure))
  const spread = readingSpread(reading, starts, figureOf)
  const isCompared = dividedBy !== undefined || minus !== undefined
  const byCpu = readingSpread(reading, starts, ({ cpu = Number.NaN }) => cpu).median
  const hasCpu = isCompared && figure === undefined && !Number.isNaN(byCpu)
  const met = goal === undefined ? undefined : isMet(spread.median, goal)
  return { label, ...spread, byCpu: hasCpu ? byCpu : undefined, goal, met }
}

function readingSpread(
  { of, dividedBy, minus }: Reading,
  starts: readonly (readonly Turn[])[],
  figureOf: (sample: Sample) => number,
): Spread {
  const valueIn = (turn: Turn, name: string): number => figureOf(sampleOf(turn, name))
  const turns = starts.flat()
  if (dividedBy === undefined || minus === undefined) {
    return spreadOf(
      turns.map((turn) => {
        const value = valueIn(turn, of) - (minus === undefined ? 0 : valueIn(turn, minus))
        return dividedBy === undefined ? value : value / valueIn(turn, dividedBy)
      }),
    )
  }
  const more = (among: readonly Turn[], name: string): number =>
    spreadOf(among.map((turn) => valueIn(turn, name) / valueIn(turn, minus))).median - 1
  const ratioIn = (among: readonly Turn[]): number => more(among, of) / more(among, dividedBy)
  return { ...spreadOf(starts.map(ratioIn)), median: ratioIn(turns) }
}

function isMet(value: number, goal: Goal): boolean {
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost
}
