/** Where a path begins: at a root, a drive or a `file:` URL, behind what may stand in front of one in a frame. */
const START = /(?:^|[\s("'@])((?:file:\/\/)?\/?(?:[A-Za-z]:)?[\\/])/
/** Where it ends: at a line and a column, or at a line. */
const PLACE = /:\d+(?::\d+)?\)?$/
const PACKAGES = '/node_modules/'

let workingDirectory: string | undefined

/**
 * A stack whose frames do not tell where the program is installed: each path begins at the working directory, at `node_modules`, or at the
 * file's name. The message, which may be of several lines, stays as it is.
 *
 * @param directory absolute. Default: the working directory when this was called first
 */
export function maskPaths(stack: string, directory: string = ownDirectory()): string {
  const [first = '', ...lines] = stack.split('\n')
  // What other runtimes than V8 make of a stack may begin with a frame.
  const isFrame = (line: string): boolean => /^\s+at /.test(line) || PLACE.test(line)
  const frames = lines.findIndex(isFrame)
  const masked = lines.map((line, at) => (frames !== -1 && at >= frames ? maskedFrame(line, directory) : line))
  const isFirst = first.includes('@') && PLACE.test(first)
  return [isFirst ? maskedFrame(first, directory) : first, ...masked].join('\n')
}

function maskedFrame(line: string, directory: string): string {
  const found = START.exec(line)
  if (found === null) return line
  const root = found[1] ?? ''
  const start = found.index + found[0].length - root.length
  return line.slice(0, start) + shortened(line.slice(start), directory)
}

/** @param path and what stands behind it in its line */
function shortened(path: string, directory: string): string {
  const text = withoutScheme(path).replaceAll('\\', '/')
  const inPackage = text.lastIndexOf(PACKAGES)
  if (inPackage !== -1) return text.slice(inPackage + 1)
  const above = `${directory.replaceAll('\\', '/').replace(/\/$/, '')}/`
  if (above !== '/' && text.startsWith(above)) return text.slice(above.length)
  return text.slice(text.lastIndexOf('/') + 1)
}

function withoutScheme(path: string): string {
  if (!path.startsWith('file:')) return path
  // Of a drive, `file:///C:/a`.
  const plain = path.replace(/^file:\/\/(?:\/(?=[A-Za-z]:))?/, '')
  try {
    return decodeURI(plain)
  } catch {
    return plain
  }
}

function ownDirectory(): string {
  if (workingDirectory !== undefined) return workingDirectory
  try {
    workingDirectory = process.cwd()
  } catch {
    // It has been removed.
    workingDirectory = ''
  }
  return workingDirectory
}
