/** What a startup snapshot is made with: `node --build-snapshot`, or a single executable application. */
const BUILDERS = /^--(build-snapshot|experimental-sea-config|build-sea)/

/** What is to be done where this process is made a startup snapshot: its heap, from which others start. */
export interface SnapshotSteps {
  /** Before the heap is stored: timers that run then never fire, and on Node 24 no later one does. */
  before?(): void
  /** In each process that starts from it. */
  after?(): void
}

export function aroundSnapshot({ before, after }: SnapshotSteps): void {
  // To load `node:v8` for the question would take half a millisecond.
  if (!process.execArgv.some((argument) => BUILDERS.test(argument))) return
  const { startupSnapshot } = process.getBuiltinModule('node:v8')
  if (!startupSnapshot.isBuildingSnapshot()) return
  if (before !== undefined) startupSnapshot.addSerializeCallback(before)
  if (after !== undefined) startupSnapshot.addDeserializeCallback(after)
}
