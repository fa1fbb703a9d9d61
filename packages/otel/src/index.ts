export { type OpenTelemetryBridge, openTelemetryBridge } from './bridge/open-telemetry-bridge.js'
