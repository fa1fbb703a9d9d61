export { spanToYaml } from './document.js'
export { parseYaml, type YamlSpans } from './parse.js'
export { openReader, type YamlReaderOptions, yamlReader } from './reader.js'
export { openRecorder, type YamlRecorderOptions, yamlRecorder } from './recorder.js'
