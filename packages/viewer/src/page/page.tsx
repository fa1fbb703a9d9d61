import { render } from 'preact'
import { App } from './app.js'
import { storeName } from './frame/api.js'
import { place } from './frame/location.js'
import { listing, loading, notLive, problem, values, waiting } from './list/listing.js'

const SHOWN = [place, listing, loading, notLive, problem, storeName, values, waiting]
let isDue = false

// Draws what has changed, once for all that changes at a time.
function draw(): void {
  if (isDue) return
  isDue = true
  queueMicrotask(() => {
    isDue = false
    render(<App />, document.body)
  })
}

for (const signal of SHOWN) signal.subscribe(draw)
draw()
