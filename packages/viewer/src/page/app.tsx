import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { StoredComparison } from './compare/compare-view.js'
import { FileView, type FileViewProps } from './file-view.js'
import { Problem, SERVER, savedSpans } from './frame/api.js'
import { useFileDrop } from './frame/drop.js'
import { switchTimes, utc } from './frame/format.js'
import { Help } from './frame/help.js'
import { focusSearch, useKeys } from './frame/keys.js'
import { go, place } from './frame/location.js'
import { useTrace } from './frame/use-trace.js'
import { ListView } from './list/list-view.js'
import { listing } from './list/listing.js'
import { TraceView } from './trace/trace-view.js'

const saved = savedSpans()

/** The page: a list, a trace, or two traces side by side, as the URL says; or a file that was dropped on it. */
export function App(): JSX.Element {
  const [helps, setHelps] = useState(false)
  const { dropped, message, forget } = useFileDrop()
  const { trace, compare } = place.value
  useKeys({
    '?': () => setHelps(true),
    '/': focusSearch,
    t: switchTimes,
    u: () => {
      if (trace !== undefined) go({})
    },
  })
  return (
    <>
      <header class="top">
        <h1>
          {saved === undefined && dropped === undefined ? (
            <a href="?" onClick={toList}>
              Traces
            </a>
          ) : (
            'Trace'
          )}
        </h1>
        <span class="store">{dropped?.name ?? listing.value?.store ?? ''}</span>
        {dropped !== undefined && (
          <button type="button" onClick={forget}>
            Close the file
          </button>
        )}
        <button type="button" aria-pressed={utc.value} onClick={switchTimes}>
          {utc.value ? 'UTC' : 'Local time'}
        </button>
        <button type="button" onClick={() => setHelps(true)} aria-label="Help: keys and search">
          ?
        </button>
      </header>
      {message !== undefined && (
        <p class="notice bad" role="alert">
          {message}
        </p>
      )}
      <View
        trace={trace}
        compare={compare}
        own={dropped ?? (saved === undefined ? undefined : { name: '', spans: saved, notice: undefined })}
      />
      {helps && <Help onClose={() => setHelps(false)} />}
    </>
  )
}

function toList(event: MouseEvent): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  go({})
}

interface ViewProps {
  readonly trace: string | undefined
  readonly compare: string | undefined
  /** The spans of a file, rather than of a server's store. */
  readonly own: FileViewProps | undefined
}

function View({ trace, compare, own }: ViewProps): JSX.Element {
  if (own !== undefined) return <FileView {...own} />
  if (trace !== undefined && compare !== undefined)
    return <StoredComparison key={`${trace} ${compare}`} first={trace} second={compare} />
  return trace === undefined ? <ListView source={SERVER} /> : <LoadedTrace key={trace} id={trace} />
}

function LoadedTrace({ id }: { readonly id: string }): JSX.Element {
  const loaded = useTrace(id)
  if (loaded instanceof Problem) {
    return (
      <main class="empty">
        <h2>This trace cannot be shown.</h2>
        <p>{loaded.message}</p>
        <a href="?" onClick={toList}>
          Recent traces
        </a>
      </main>
    )
  }
  if (loaded === undefined) return <main class="empty">Reading …</main>
  return <TraceView spans={loaded.spans} ledgers={loaded.ledgers} hasStore notice={loaded.notice} />
}
