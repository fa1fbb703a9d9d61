import { fuzz } from './fuzz.js'

fuzz('requestId')
