import { isLong } from '../support/long.js'
import { fuzz } from './fuzz.js'

const count = isLong ? 10_000 : 150

fuzz('requestId', count)
fuzz('w3c', count)
fuzz('b3', count)
// Fewer sets, because each format is fuzzed above: this one is about their order.
fuzz('all', isLong ? count / 2 : count)
