import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  /** By name in lower case; several values of a name are joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly text: string
}

/** A request as text, so that no client changes it. @param headers lines */
export function requestText(path: string, headers: readonly string[] = [], method = 'GET', body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...length, ...headers, '', body].join('\r\n')
}

export function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => {})
    socket.setNoDelay(true)
  })
}

/** Sends a request on a new connection, and reads until that closes. */
export async function send(port: number, path: string, headers?: readonly string[], method?: string): Promise<Reply> {
  const socket = await open(port)
  socket.write(requestText(path, ['Connection: close', ...(headers ?? [])], method), 'latin1')
  return parse(await readAll(socket))
}

export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

export function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()))
}

/** Sends a request on a kept-alive connection. The body of its response must end with `#`, which headers must not contain. */
export function ask(socket: Socket, text: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let got = ''
    const onData = (chunk: Buffer): void => {
      got += chunk.toString('latin1')
      if (!/\r\n\r\n.*#(\r\n0\r\n\r\n)?$/s.test(got)) return
      socket.off('data', onData).off('close', onClose)
      resolve(parse(got))
    }
    const onClose = (): void => reject(new Error(`closed after ${JSON.stringify(got)}`))
    socket.on('data', onData).once('close', onClose)
    socket.write(text, 'latin1')
  })
}

function parse(text: string): Reply {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const value = line.slice(line.indexOf(':') + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4), text }
}
