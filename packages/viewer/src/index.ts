export { savedPage } from './server/saved.js'
export { type StartedViewer, type StartOptions, startViewer } from './server/start.js'
export { traceViewer, type ViewerHandler, type ViewerOptions } from './server/viewer.js'
