import { propertyOf } from './symptoms.js'

/** Minimum time between two loads of credentials, in ms: their source may limit requests. */
const EVERY_MS = 5_000

/** A client's credentials provider, as the SDK makes it. */
type Provider = (options?: { forceRefresh: boolean }) => Promise<unknown>

/** Loads a client's credentials again, once for all requests that need that at the same time. */
export class Renewal {
  /** How often other credentials were found. */
  generation = 0
  #renewing: Promise<void> | undefined
  #nextAt = 0

  /**
   * Loads the client's credentials again, unless that has just been done. Does nothing for a client without a provider.
   *
   * @throws the provider's error
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
