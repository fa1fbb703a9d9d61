import type { ChannelMessage } from '../channel/trace-channel.js'

/** A text of a message; empty if it has none there. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Adds the database and server of a message, by OpenTelemetry's keys. What it does not say is left out. */
export function addWhere(data: Record<string, unknown>, system: string, message: ChannelMessage): void {
  const { database, serverAddress, serverPort } = message
  data['db.system.name'] = system
  if (database !== '' && database !== undefined) data['db.namespace'] = String(database)
  if (typeof serverAddress === 'string' && serverAddress !== '') data['server.address'] = serverAddress
  if (typeof serverPort === 'number') data['server.port'] = serverPort
}

/** The same as an object. */
export function where(system: string, message: ChannelMessage): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  addWhere(data, system, message)
  return data
}
