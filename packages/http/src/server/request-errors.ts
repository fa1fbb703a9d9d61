import { type Cause, causeOf, causeOfStream } from './ending.js'
import type { Request, Response, RouteSource, TracedRequest } from './messages.js'

/** What has told of the errors of a request, of which most have none. */
export class RequestErrors {
  #told: Cause | undefined
  /** Whether the program may have dealt with it since. */
  #isPassedOn = false
  /** The stream that was piped into the response last, if any. */
  source: unknown

  /** The handler threw, or rejected. */
  threw(error: unknown): void {
    this.#told ??= { thrown: error }
    this.#isPassedOn = false
  }

  /** The framework is about to answer an error. */
  answers(error: unknown): void {
    this.#told = { thrown: error }
    this.#isPassedOn = true
  }

  /** The error that the program has answered, or was about to. @param routes may know a later one */
  answered(routes: RouteSource | undefined): Cause | undefined {
    const isLast = this.#told !== undefined && !this.#isPassedOn
    const thrown = isLast ? undefined : routes?.keptError(this.#told?.thrown)
    if (thrown !== undefined) this.answers(thrown)
    return this.#told
  }

  /** Why the response was not sent whole; undefined where it is the client that left. */
  cause(req: Request, res: Response, { stream, routes }: Pick<TracedRequest, 'stream' | 'routes'>): Cause | undefined {
    // A request that is sent back breaks with its connection.
    const source = this.source === req ? undefined : this.source
    const error = this.answered(routes)
    const found = stream === undefined ? causeOf(req, res, source) : causeOfStream(stream, source)
    if (error === undefined || error.thrown === req.errored) return found
    // An error that the program has dealt with is not why a client has left.
    return found === undefined && this.#isPassedOn ? undefined : error
  }
}
