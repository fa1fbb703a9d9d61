import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text } from './message.js'

// The channels that h3 (https://h3.dev, `tracingPlugin` of h3/tracing) and srvx (https://srvx.h3.dev, the same of srvx/tracing) publish
// where a program registers their plugins.

const KIND = 'handler'

/** The pattern that a request of h3 has matched. */
function routeOf({ event }: ChannelMessage): string {
  const { context }: { context?: unknown } = Object(event)
  const { matchedRoute }: { matchedRoute?: unknown } = Object(context)
  return text(Object(matchedRoute).route)
}

const isRoute = ({ type }: ChannelMessage): boolean => type === 'route'

export const webChannels: Readonly<Record<string, ChannelSpans>> = {
  'h3.request': {
    kind: KIND,
    name: (message) => (isRoute(message) ? `route ${routeOf(message)}`.trim() : 'middleware'),
    data: (message) => ({ 'http.route': (isRoute(message) && routeOf(message)) || undefined }),
  },
  'srvx.request': { kind: KIND, name: 'fetch' },
  'srvx.middleware': {
    kind: KIND,
    name: ({ middleware }) => {
      const { index, handler }: { index?: unknown; handler?: unknown } = Object(middleware)
      const name = typeof handler === 'function' ? handler.name : ''
      return `middleware ${name === '' ? Number(index) + 1 : name}`
    },
  },
}
