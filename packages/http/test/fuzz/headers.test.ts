import { isLong } from '../support/long.js'
import { fuzz } from './fuzz.js'

const count = isLong ? 10_000 : 300

fuzz('requestId', count)
fuzz('w3c', count)
fuzz('b3', count)
// Each propagator has its own sets: what is new here is their order.
fuzz('all', count / 2)
