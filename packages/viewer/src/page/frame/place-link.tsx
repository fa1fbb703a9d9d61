import type { ComponentChildren, JSX } from 'preact'
import { go, hrefOf, type Place } from './location.js'

export interface PlaceLinkProps {
  readonly to: Place
  readonly class?: string
  /** What it is called, where it has no text. */
  readonly title?: string
  readonly children: ComponentChildren
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
        if (event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        go(to)
      }}
    />
  )
}
