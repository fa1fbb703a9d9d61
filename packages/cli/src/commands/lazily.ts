import { type Context, EXIT, Failure, messageOf } from '../terminal/context.js'
import { printableLines } from '../terminal/json.js'

type Action<Flags> = (context: Context, flags: Flags, words: readonly string[]) => Promise<void>

/**
 * Loads what a command does when it runs, so that each loads only its own. Whatever goes wrong becomes a line on standard error, and the
 * exit code.
 */
export function lazily<Flags>(load: () => Promise<Action<Flags>>) {
  return async (): Promise<(this: Context, flags: Flags, ...words: string[]) => Promise<void>> => {
    const action = await load()
    return async function (flags, ...words) {
      try {
        await action(this, flags, words)
      } catch (error) {
        fail(this, error)
      }
    }
  }
}

const MISUSES = new Set(['TRACE_BAD_URL', 'TRACE_BAD_QUERY', 'TRACE_BAD_OPTION', 'TRACE_BAD_SEARCH'])

function fail({ process, signal }: Context, error: unknown): void {
  // After Ctrl-C, as shells say it: 128 and the number of the signal.
  if (signal.aborted) {
    process.exitCode = 130
    return
  }
  process.stderr.write(`trace: ${printableLines(messageOf(error))}\n`)
  const code = typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code')) : ''
  process.exitCode = error instanceof Failure ? error.exitCode : MISUSES.has(code) ? EXIT.misuse : EXIT.unreadable
}
