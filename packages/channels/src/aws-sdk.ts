import { type ActiveSpan, dataToWrite, isTracing, type Tracer } from '@trace/core'
import { type AwsCall, callOf, resultOf, withoutValues } from './libraries/aws-calls.js'

// The middleware stack of the AWS SDK, version 3 (https://github.com/aws/aws-sdk-js-v3, "Middleware Stack").

type Handler<Args, Result> = (args: Args) => Promise<Result>
/** A middleware of any step, which passes on what it gets. */
export type AwsMiddleware = <Args extends object, Result extends object>(
  next: Handler<Args, Result>,
  context: object,
) => Handler<Args, Result>

/** What is used of a middleware stack. */
export interface AwsMiddlewareStack {
  /** Adds a middleware around a whole command. */
  add(middleware: AwsMiddleware, options: { step: 'initialize'; name: string; override: boolean }): void
  /** Adds one around each attempt. */
  add(
    middleware: AwsMiddleware,
    options: { step: 'deserialize'; priority: 'low'; name: string; override: boolean },
  ): void
}

/** What `middlewareStack.use` takes. */
export interface AwsPlugin {
  /** Adds its middleware to a client's stack. */
  applyToStack(stack: AwsMiddlewareStack): void
}

/**
 * Makes a plugin for any client of the AWS SDK, version 3: `client.middlewareStack.use(traceAwsSdk(tracer))`. Each command that is sent
 * within a trace has a span, below the current span of whoever sent it, with its retries in it. Requests are not changed.
 */
export function traceAwsSdk(tracer: Tracer): AwsPlugin {
  return {
    applyToStack(stack) {
      const around: AwsMiddleware = (next, context) => (args) => {
        if (!isTracing()) return next(args)
        return traced(tracer, next, context, args)
      }
      stack.add(around, { step: 'initialize', name: 'traceCommand', override: true })
      // Behind the signature, once for each attempt.
      stack.add(sending, { step: 'deserialize', priority: 'low', name: 'traceAttempt', override: true })
    },
  }
}

/** The span of each command under way, by its context, which its attempts share. */
const spans = new WeakMap<object, ActiveSpan>()

async function traced<Args extends object, Result extends object>(
  tracer: Tracer,
  next: Handler<Args, Result>,
  context: object,
  args: Args,
): Promise<Result> {
  const call = callOf(context, args)
  const span = tracer.start(call.kind, call.name)
  span.data = call.data
  spans.set(context, span)
  try {
    const result = await span.run(() => next(args))
    ended(span, call, Reflect.get(result, 'output'))
    return result
  } catch (error) {
    ended(span, call, error)
    span.fail(withoutValues(error))
    throw error
  } finally {
    span.finish()
  }
}

/** @param answer what the service gave, or an error, which has the same metadata if the service answered */
function ended(span: ActiveSpan, call: AwsCall, answer: unknown): void {
  try {
    span.data = resultOf(call, answer)
  } catch {
    // A getter that throws.
  }
}

const sending: AwsMiddleware = (next, context) => (args) => {
  const span = spans.get(context)
  if (span !== undefined) describeRequest(span, Reflect.get(args, 'request'))
  return next(args)
}

/** The region, which an access key's scope in the signature ends with: `Credential=key/20261128/eu-west-1/dynamodb/aws4_request`. */
const SCOPE = /Credential=[^/,\s]+\/\d{8}\/([a-z0-9-]+)\//

function describeRequest(span: ActiveSpan, request: unknown): void {
  const { hostname, port, headers }: Record<string, unknown> = Object(request)
  const signature: unknown = Reflect.get(Object(headers), 'authorization')
  const region = typeof signature === 'string' ? SCOPE.exec(signature)?.[1] : undefined
  const data = dataToWrite(span)
  if (region !== undefined) data['cloud.region'] = region
  if (typeof hostname === 'string') data['server.address'] = hostname
  if (typeof port === 'number') data['server.port'] = port
}
