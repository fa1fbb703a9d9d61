import { describe, test } from '@jest/globals'
import { httpSuite } from '@trace/testing'
import { isLong } from './support/long.js'
import { type Stand, stands } from './support/stands.js'
import { suiteOf } from './support/suites.js'

/** Clients are traced by the same code whatever the server is: those of HTTP/2 and Express 4 try them where tests may take long. */
const WITH_CLIENTS: readonly Stand[] = [stands['Node http'], stands['Express 5'], stands.Fastify]
/** And headers of ids are read by the same code on the two releases of Express, and behind Fastify. */
const WITH_IDS: readonly Stand[] = [...WITH_CLIENTS, stands['Node http2']]

describe.each(Object.entries(stands))('%s', (_, stand) => {
  const { outgoing, propagators, ...suite } = suiteOf(stand)
  const suites = {
    ...suite,
    ...(isLong || WITH_CLIENTS.includes(stand) ? { outgoing } : {}),
    ...(isLong || WITH_IDS.includes(stand) ? { propagators } : {}),
  }
  for (const { name, run } of httpSuite(suites)) test(name, run)
})
