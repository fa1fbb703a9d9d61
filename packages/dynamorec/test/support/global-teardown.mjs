import { existsSync } from 'node:fs'

/** Fails the run where the engine leaves its temporary files behind: engine-process.test.ts shows that it has some. */
export default async function tearDown() {
  const { temporary, stop } = globalThis.engine
  await stop()
  if (existsSync(temporary)) throw new Error(`the engine has left ${temporary} behind`)
}
