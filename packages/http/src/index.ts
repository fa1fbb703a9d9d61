export type { ServerOptions } from './options.js'
export type { EndReason } from './server.js'
