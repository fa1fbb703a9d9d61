import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

// V8 takes the value of a constant when it compiles what uses it, and loads and checks that of a variable each time.
describe.each(['core', 'http'])('what is published of @trace/%s', (name) => {
  const folder = fileURLToPath(new URL(`../../${name}/dist/`, import.meta.url))
  const files = readdirSync(folder).filter((file) => /\.c?js$/.test(file))

  test.each(files)('%s has variables only for what changes', (file) => {
    const text = readFileSync(folder + file, 'utf8')
    const variables = [...text.matchAll(/^var (\w+) = /gm)].map(([, variable]) => variable)
    const changes = (variable: string | undefined) =>
      new RegExp(`[^.\\w]${variable}(\\+\\+|--| (\\?\\?|\\|\\||&&|[-+|&])?= )`, 'g')
    expect(variables.filter((variable) => (text.match(changes(variable)) ?? []).length < 2)).toEqual([])
  })
})
