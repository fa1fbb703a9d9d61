export { type LogIds, logIds } from './logs.js'
export { type B3Options, b3 } from './propagation/b3.js'
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
} from './propagation/propagator.js'
export { requestId } from './propagation/request-id.js'
export { w3c } from './propagation/w3c.js'
export type { EndReason } from './server/ending.js'
export type { ServerOptions } from './server/options.js'
export { fromAddresses } from './server/trust.js'
