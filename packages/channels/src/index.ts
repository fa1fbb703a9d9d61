export { type ChannelMessage, type ChannelSpans, traceChannel } from './channel/trace-channel.js'
export { traceChannels } from './trace-channels.js'
