import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['n  N', 'next, previous match'],
  ['e  E', 'next, previous error'],
  ['j  k  ↓  ↑', 'next, previous row'],
  ['→  ←', 'show, hide what is below; then to the child, the parent'],
  ['Home  End', 'first, last row'],
  ['*  -  [  ]', 'show everything; hide all but the first level; one level less, one more'],
  ['Enter', 'details of the row; open the trace of the list'],
  ['Esc', 'close details, leave the search'],
  ['m  p', 'in the list: more traces; pause what arrives, or go on'],
  ['r', 'show the subtree of the row only; again: the whole trace'],
  ['c  g', 'mark the critical path; mark gaps, in which no child ran'],
  ['s', 'correct the clocks of hosts that differ; again: times as recorded'],
  ['d  p', 'go into the details; put them beside or below the rows'],
  ['z', 'zoom to the row; again: the whole trace'],
  ['t', 'times in UTC or local'],
  ['u', 'up: from the trace to the list'],
  ['?', 'this help'],
]

/** The keys, over the page. */
export function Help({ onClose }: { onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby="help-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      {/* The button has the focus: below the keys it would scroll them away. */}
      <form method="dialog" class="actions">
        <h2 id="help-title">Keys</h2>
        <button type="submit">Close</button>
      </form>
      <table>
        <tbody>
          {KEYS.map(([keys, meaning]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="faint">
        Search: words, "a phrase", service:orders, kind:db, name:"GET /users/:id", duration:&gt;100ms, status:error,
        span:open, @key:value; a minus in front means not.
      </p>
    </dialog>
  )
}
