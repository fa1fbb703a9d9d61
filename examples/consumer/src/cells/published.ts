import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** What "Are the types wrong?" finds in a tarball. @throws where it finds anything */
export async function checkTypes(tarball: string): Promise<void> {
  const found = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
  if (!found.types) throw new Error('it has no types')
  if (found.problems.length > 0) throw new Error(JSON.stringify(found.problems))
}

/** What publint finds in a tarball. @throws where it finds anything, a suggestion included */
export async function lintPackage(tarball: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(tarball)).buffer
  const { messages, pkg } = await publint({ pack: { tarball: bytes } })
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'))
}
