/** The options of Node that build a startup snapshot, or a single executable application. */
const BUILDERS = /^--(build-snapshot|experimental-sea-config|build-sea)/

/** What to do if this process becomes a startup snapshot: other processes start with its heap. */
export interface SnapshotSteps {
  /** Called before the heap is stored. Timers that run then never fire, and on Node 24 neither do later ones. */
  before?(): void
  /** Called in each process that starts from the snapshot. */
  after?(): void
}

export function aroundSnapshot({ before, after }: SnapshotSteps): void {
  // Asking `node:v8` would take half a millisecond to load it.
  if (!process.execArgv.some((argument) => BUILDERS.test(argument))) return
  const { startupSnapshot } = process.getBuiltinModule('node:v8')
  if (!startupSnapshot.isBuildingSnapshot()) return
  if (before !== undefined) startupSnapshot.addSerializeCallback(before)
  if (after !== undefined) startupSnapshot.addDeserializeCallback(after)
}
