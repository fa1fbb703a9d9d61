export { savedPage } from './server/saved.js'
export { traceViewer, type ViewerHandler, type ViewerOptions } from './server/viewer.js'
