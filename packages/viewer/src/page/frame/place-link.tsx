import type { ComponentChildren, JSX } from 'preact'
import { go, hrefOf, type Place } from './location.js'

export interface PlaceLinkProps {
  readonly to: Place
  readonly class?: string
  /** What it is called, where it has no text. */
  readonly title?: string
  readonly children: ComponentChildren
}

/** Whether a click is one by which the browser opens a link elsewhere. */
export function isForNewTab({ metaKey, ctrlKey, shiftKey, button }: MouseEvent): boolean {
  return metaKey || ctrlKey || shiftKey || button !== 0
}

/** A link to another place of the page, which opens in a new tab where the reader wants that. */
export function PlaceLink({ to, title, ...others }: PlaceLinkProps): JSX.Element {
  return (
    <a
      {...others}
      title={title}
      aria-label={title}
      href={hrefOf(to)}
      onClick={(event) => {
        if (isForNewTab(event)) return
        event.preventDefault()
        go(to)
      }}
    />
  )
}
