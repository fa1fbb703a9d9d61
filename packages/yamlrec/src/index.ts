export { spanToYaml } from './document.js'
export { parseYaml, type YamlSpans } from './parse.js'
export { type YamlReaderOptions, yamlReader } from './reader.js'
export { type YamlRecorderOptions, yamlRecorder } from './recorder.js'
