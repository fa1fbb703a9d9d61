// A service of somebody else, under OpenTelemetry's SDK: it exports to the same three stores.
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { resourceFromAttributes } = require('@opentelemetry/resources')
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')

const { COLLECTORS, LABELS } = process.env
const exporters = COLLECTORS.split(' ').map((url) => new OTLPTraceExporter({ url: `${url}/v1/traces` }))
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'vendor' }),
  spanProcessors: exporters.map((exporter) => new BatchSpanProcessor(exporter)),
})
provider.register()
new HttpInstrumentation().setTracerProvider(provider)

const http = require('node:http')

const server = http.createServer((_req, res) => {
  http.get({ port: LABELS, host: '127.0.0.1', path: '/labels/7', agent: false }, (label) => {
    label.resume().on('end', () => res.end('printed'))
  })
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('SIGTERM', async () => {
  await provider.shutdown()
  process.exit()
})
