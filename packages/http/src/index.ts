export { type B3Options, b3 } from './b3.js'
export type { EndReason } from './ending.js'
export { type LogIds, logIds } from './logs.js'
export type { ServerOptions } from './options.js'
export {
  type Carrier,
  type CarrierMap,
  type CarrierOptions,
  extract,
  type GetHeader,
  inject,
  type Propagator,
  type SetHeader,
  type SpanIds,
} from './propagator.js'
export { requestId } from './request-id.js'
export { fromAddresses } from './trust.js'
export { w3c } from './w3c.js'
