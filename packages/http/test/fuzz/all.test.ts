import { fuzz } from './fuzz.js'

// Each propagator has its own 10,000: what is new here is their order.
fuzz('all', 2_500)
