import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { StoredComparison } from './compare/compare-view.js'
import { FileView, type FileViewProps } from './file-view.js'
import { Problem, SERVER, savedSpans, storeName } from './frame/api.js'
import { type Dropped, useFileDrop } from './frame/drop.js'
import { isUtc, switchTimes } from './frame/format.js'
import { Help } from './frame/help.js'
import { focusSearch, useKeys } from './frame/keys.js'
import { go, listPlace, place } from './frame/location.js'
import { PlaceLink } from './frame/place-link.js'
import { useTrace } from './frame/use-trace.js'
import { ListView } from './list/list-view.js'
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
      if (trace !== undefined) go(listPlace())
    },
  })
  return (
    <>
      <Top dropped={dropped} onClose={forget} onHelp={() => setHelps(true)} />
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

interface TopProps {
  /** The file that was dropped on the page. */
  readonly dropped: Dropped | undefined
  onClose(): void
  onHelp(): void
}

/** Where one is, and what is the same everywhere. */
function Top({ dropped, onClose, onHelp }: TopProps): JSX.Element {
  const isInTrace = place.value['trace'] !== undefined
  return (
    <header class="top">
      <h1>
        {saved === undefined && (dropped === undefined || isInTrace) ? (
          <PlaceLink to={isInTrace ? listPlace() : {}}>Traces</PlaceLink>
        ) : (
          'Trace'
        )}
      </h1>
      <span class="store">{dropped?.name ?? storeName.value}</span>
      {dropped !== undefined && (
        <button type="button" onClick={onClose}>
          Close the file
        </button>
      )}
      <button type="button" aria-pressed={isUtc()} onClick={switchTimes}>
        {isUtc() ? 'UTC' : 'Local time'}
      </button>
      <button type="button" onClick={onHelp} aria-label="Help: keys and search">
        ?
      </button>
    </header>
  )
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
        <PlaceLink to={listPlace()}>Recent traces</PlaceLink>
      </main>
    )
  }
  if (loaded === undefined) return <main class="empty">Reading …</main>
  return <TraceView spans={loaded.spans} ledgers={loaded.ledgers} hasStore notice={loaded.notice} />
}
