import type { Span } from '@trace/core'
import { LEDGER_KIND } from '@trace/core/spans'
import { writeSpans } from '../wire/write.js'
import { pageFile, sha256 } from './files.js'

/**
 * The page with the spans of one trace in it, as one file that opens anywhere, with no network.
 *
 * @param spans those of the trace, and ledgers, which say why others are missing
 * @returns HTML. Its content security policy lets nothing run or load but what is in it
 */
export function savedPage(spans: readonly Span[]): string {
  const script = pageFile('page.js').text
  const style = pageFile('page.css').text
  const data = escapeForScript(traceText(spans))
  const policy = [
    "default-src 'none'",
    `script-src '${sha256(script)}'`,
    `style-src '${sha256(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trace</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<script type="application/json" id="spans">${data}</script>
</head>
<body>
<script type="module">${script}</script>
</body>
</html>
`
}

/** Ledgers are kept apart: they are of no trace, and say why spans of this one are missing. */
function traceText(spans: readonly Span[]): string {
  const ledgers = spans.filter(({ kind }) => kind === LEDGER_KIND)
  if (ledgers.length === 0 || ledgers.length === spans.length) return writeSpans(spans)
  const own = spans.filter(({ kind }) => kind !== LEDGER_KIND)
  return writeSpans(own, { ledgers: writeSpans(ledgers) })
}

/** Neither ends the element that it stands in, nor begins a comment in it. */
function escapeForScript(text: string): string {
  return text.replaceAll('<', '\\u003c')
}
