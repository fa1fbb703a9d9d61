/** Takes warnings. `console`, pino and Fastify's `log` are loggers. */
export interface Logger {
  warn(message: string): void
}
