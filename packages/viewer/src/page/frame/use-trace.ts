import type { Span } from '@trace/core/spans'
import { useEffect, useState } from 'preact/hooks'
import { loadTrace, Problem } from './api.js'

export interface Loaded {
  readonly spans: readonly Span[]
  readonly ledgers: readonly Span[]
  /** What may be missing, as the store says. */
  readonly notice: string | undefined
}

/** A trace from the server: undefined until it is there. */
export function useTrace(id: string): Loaded | Problem | undefined {
  const [loaded, setLoaded] = useState<Loaded | Problem>()
  useEffect(() => {
    const stop = new AbortController()
    loadTrace(id, stop.signal).then(
      ({ spans, ledgers, incomplete, skipped }) => {
        const lacks = [incomplete, skipped > 0 ? `${skipped} of its records are not whole spans` : undefined]
        const notice = lacks.filter((each) => each !== undefined).join('; ')
        setLoaded({ spans, ledgers, notice: notice === '' ? undefined : notice })
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setLoaded(error instanceof Problem ? error : new Problem(String(error)))
      },
    )
    return () => stop.abort()
  }, [id])
  return loaded
}
