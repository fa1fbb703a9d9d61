import { propertyOf } from './remedy.js'

/** How often credentials are loaded anew at most, in milliseconds: their source may be a service that counts requests. */
const EVERY_MS = 5_000

/** A client's source of credentials, as the SDK makes it. */
type Provider = (options?: { forceRefresh: boolean }) => Promise<unknown>

/** Loads a client's credentials anew, for all requests that need it at once. */
export class Renewal {
  /** How often there were others than before. */
  generation = 0
  #renewing: Promise<void> | undefined
  #nextAt = 0

  /**
   * Loads the client's credentials anew, unless that has just been done. A client without a source of them is let be.
   *
   * @throws why they cannot be loaded
   */
  renew(client: object): Promise<void> {
    if (this.#renewing === undefined && performance.now() < this.#nextAt) return Promise.resolve()
    this.#renewing ??= this.#load(client).finally(() => {
      this.#renewing = undefined
      this.#nextAt = performance.now() + EVERY_MS
    })
    return this.#renewing
  }

  async #load(client: object): Promise<void> {
    const config = propertyOf(client, 'config')
    const provider = propertyOf(config, 'credentials')
    if (!isProvider(provider)) return
    const before = keysOf(await provider())
    const after = keysOf(await provider({ forceRefresh: true }))
    if (after !== before) this.generation++
  }
}

function isProvider(value: unknown): value is Provider {
  return typeof value === 'function'
}

function keysOf(credentials: unknown): string {
  return JSON.stringify(['accessKeyId', 'secretAccessKey', 'sessionToken'].map((name) => propertyOf(credentials, name)))
}
