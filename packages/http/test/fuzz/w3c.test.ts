import { fuzz } from './fuzz.js'

fuzz('w3c')
