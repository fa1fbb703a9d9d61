import type { Span } from '@trace/core/spans'
import { useEffect, useState } from 'preact/hooks'
import { importFile } from './import.js'
import { go } from './location.js'

/** Larger files are refused: the page would hold all of it. In bytes. */
const LARGEST = 512 * 2 ** 20

export interface Dropped {
  readonly name: string
  readonly spans: readonly Span[]
  /** What of it could not be read. */
  readonly notice: string | undefined
}

export interface FileDrop {
  readonly dropped: Dropped | undefined
  /** What went wrong. */
  readonly message: string | undefined
  forget(): void
}

/** Takes files that are dropped on the page, of every format that can be imported, without a server. */
export function useFileDrop(): FileDrop {
  const [dropped, setDropped] = useState<Dropped>()
  const [message, setMessage] = useState<string>()
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      document.body.classList.add('dropping')
    }
    const leave = (): void => document.body.classList.remove('dropping')
    const drop = (event: DragEvent): void => {
      leave()
      const file = event.dataTransfer?.files[0]
      if (file === undefined) return
      event.preventDefault()
      read(file).then(
        (read) => {
          setMessage(undefined)
          setDropped({ name: file.name, ...read })
          go({})
        },
        (error: unknown) =>
          setMessage(`${file.name} cannot be shown: ${error instanceof Error ? error.message : String(error)}`),
      )
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  return {
    dropped,
    message,
    forget: () => {
      setDropped(undefined)
      setMessage(undefined)
      go({})
    },
  }
}

async function read(file: File): Promise<Omit<Dropped, 'name'>> {
  if (file.size > LARGEST)
    throw new Error(`it has more than ${LARGEST / 2 ** 20} MB; \`npx trace view\` reads larger ones`)
  const { spans, skipped, reason } = await importFile(file)
  if (spans.length === 0) throw new Error(reason ?? 'there are no spans in it')
  const records = skipped === 1 ? '1 record was' : `${skipped} records were`
  return { spans, notice: skipped === 0 ? undefined : `${records} skipped; the first: ${reason}` }
}
