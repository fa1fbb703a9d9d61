export { runTrace } from './app.js'
export type { Context, Output } from './terminal/context.js'
