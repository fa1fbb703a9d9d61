// Reads the bytes of a YAML file and parses them, and nothing else: what every answer about all of its spans has to do. read.js <file>
import { yamlReader } from '@trace/yamlrec'

let count = 0
for await (const { spans } of yamlReader({ path: process.argv[2] ?? '' }).scan()) count += spans.length
console.log(count)
