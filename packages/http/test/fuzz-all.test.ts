import { fuzz } from './fuzz.js'

fuzz('all')
