import type { ChannelMessage } from '../channel/trace-channel.js'

/** A text of a message; empty if it has none there. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The database and server of a message, by OpenTelemetry's keys. What it does not say is left out. */
export function where(
  system: string,
  { database, serverAddress, serverPort }: ChannelMessage,
): Record<string, unknown> {
  return {
    'db.system.name': system,
    'db.namespace': database === '' || database === undefined ? undefined : String(database),
    'server.address': text(serverAddress) || undefined,
    'server.port': typeof serverPort === 'number' ? serverPort : undefined,
  }
}
