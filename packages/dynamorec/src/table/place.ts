import { EndpointError } from './problem.js'
import { propertyOf } from './symptoms.js'

/**
 * Where a client of the AWS SDK reaches DynamoDB, for messages: its endpoint, or else its region.
 *
 * @param client the client, or any object
 * @param endpoint the option `endpoint`, if it is given
 * @throws {EndpointError} if its endpoint is not a URL. The SDK takes `localhost:8000` for one, and goes to port 80
 */
export async function placeOf(client: object, endpoint?: string): Promise<string> {
  const config = propertyOf(client, 'config')
  const found = endpoint ?? (await endpointOf(config))
  if (found !== undefined) {
    const url = URL.canParse(found) ? new URL(found) : undefined
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new EndpointError(found)
    return url.origin
  }
  const region = await given(config, 'region')
  return typeof region === 'string' ? `DynamoDB in ${region}` : 'AWS'
}

/** From the client's options, or from where the SDK finds it: the environment or the profile. */
async function endpointOf(config: unknown): Promise<string | undefined> {
  const told = await given(config, 'endpoint')
  if (told !== undefined) return textOf(told)
  return textOf(await given(config, 'serviceConfiguredEndpoint'))
}

/** The text of an endpoint, which is a URL or, within the SDK, the parts of one. */
function textOf(endpoint: unknown): string | undefined {
  if (typeof endpoint === 'string') return endpoint
  const protocol = propertyOf(endpoint, 'protocol')
  if (protocol === undefined) return undefined
  const [host = '', path = ''] = [propertyOf(endpoint, 'hostname'), propertyOf(endpoint, 'path')]
  const port = propertyOf(endpoint, 'port')
  return host === '' ? `${protocol}${path}` : `${protocol}//${host}${port === undefined ? '' : `:${port}`}`
}

/** The result of a function of the client's configuration; undefined if there is no such function. */
async function given(config: unknown, name: string): Promise<unknown> {
  const give = propertyOf(config, name)
  if (typeof give !== 'function') return undefined
  try {
    return await Reflect.apply(give, config, [])
  } catch (error) {
    const input = propertyOf(error, 'input')
    // Not a URL. All other errors come up again in the request itself.
    if (propertyOf(error, 'code') === 'ERR_INVALID_URL' && typeof input === 'string') throw new EndpointError(input)
    return undefined
  }
}
