import { fuzz } from './fuzz.js'

fuzz('b3')
