import type { Tracer } from '@trace/core'
import { type ChannelSpans, traceChannel } from './channel/trace-channel.js'
import { aiChannels } from './libraries/ai.js'
import { db0Channels } from './libraries/db0.js'
import { graphqlChannels } from './libraries/graphql.js'
import { mongooseChannels } from './libraries/mongoose.js'
import { mssqlChannels } from './libraries/mssql.js'
import { mysqlChannels } from './libraries/mysql2.js'
import { pgChannels } from './libraries/pg-channels.js'
import { redisChannels } from './libraries/redis.js'
import { unstorageChannels } from './libraries/unstorage.js'
import { webChannels } from './libraries/web.js'

const KNOWN: Readonly<Record<string, ChannelSpans>> = {
  ...mysqlChannels,
  ...redisChannels,
  ...db0Channels,
  ...unstorageChannels,
  ...pgChannels,
  ...mssqlChannels,
  ...mongooseChannels,
  ...webChannels,
  ...graphqlChannels,
  ...aiChannels,
}

/**
 * Records a span for each query and command of the libraries that publish them, wherever a trace runs: mysql2, ioredis, node-redis,
 * db0 and unstorage, and pg once it does; for the operations of graphql and the AI SDK; and for the middleware and handlers of h3 and
 * srvx that have their tracing plugins. Call it once, before or after they are loaded.
 *
 * @returns ends that; spans of calls that run then are still recorded
 */
export function traceChannels(tracer: Tracer): () => void {
  const stops = Object.entries(KNOWN).map(([channel, spans]) => traceChannel(tracer, channel, spans))
  return () => {
    for (const stop of stops) stop()
  }
}
