// Counts the spans of a YAML file by their names, by the package `yaml`. read-yaml.js <file>
import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

const counts = new Map<unknown, number>()
for (const document of parseAllDocuments(readFileSync(process.argv[2] ?? '', 'utf8'))) {
  const name = document.get('name')
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
console.log([...counts].join('\n'))
