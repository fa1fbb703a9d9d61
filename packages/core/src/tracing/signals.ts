import { constants } from 'node:os'
import type { FlushOptions, Tracer } from '../contract/tracer.js'
import { checkOptions, optionRules } from '../values/options.js'
import { clearTimeout, monotonic, setTimeout } from '../values/timers.js'

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

/** In ns. One Ctrl-C may come twice within it: npm passes on what the terminal has sent to its program, too. */
const SAME_SIGNAL = 200_000_000n

/**
 * Closes the tracer when the process gets SIGTERM or SIGINT, then passes the signal on, so that the process ends as it would have:
 * by the signal, or with status 128 + n as process 1 of a container, which no signal ends by itself. A second signal ends it at once.
 *
 * Where the program has a listener of its own for the signal, it is for that listener to end the process, and the tracer to be open
 * until then: it is flushed only.
 *
 * @param options `timeout`: how long to wait for the recorder, in ms. Default: the tracer's `flushTimeout`
 * @returns a function that stops this
 * @throws {TraceError} `TRACE_BAD_OPTION` for what is no tracer, an unknown option, or one of the wrong type
 */
export function closeOnSignals(tracer: Tracer, options: FlushOptions = {}): () => void {
  checkOptions('closeOnSignals', { tracer }, TRACER)
  checkOptions('closeOnSignals', options, { timeout: optionRules.duration })
  return sharedEnding().add({
    close: () => tracer.close(options),
    flush: () => tracer.flush(options),
  })
}

const TRACER = {
  tracer: {
    expected: 'a tracer, as createTracer makes it',
    test: (value: unknown): boolean =>
      typeof Reflect.get(Object(value), 'close') === 'function' &&
      typeof Reflect.get(Object(value), 'flush') === 'function',
    required: true,
  },
}

type Closing = Pick<Tracer, 'close' | 'flush'>

/** One for all copies of this package: else each would take the listeners of the others for the program's own. */
const SHARED: unique symbol = Symbol.for('@trace/core/signals/1')

function sharedEnding(): Ending {
  const holder = process as { [SHARED]?: Ending }
  holder[SHARED] ??= new Ending()
  return holder[SHARED]
}

/** The end of the process by a signal. */
class Ending {
  readonly #tracers = new Set<Closing>()
  /** When the first signal came that ends the process, on the monotonic clock. */
  #begun: bigint | undefined

  add(tracer: Closing): () => void {
    // Ours comes first, since a listener for one signal is gone, and not counted any more, once it has been called.
    if (this.#tracers.size === 0) for (const signal of SIGNALS) process.prependListener(signal, this.#listener)
    this.#tracers.add(tracer)
    return () => {
      this.#tracers.delete(tracer)
      if (this.#tracers.size === 0) this.#stopListening()
    }
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) - 1 > passiveListeners()) {
      for (const tracer of this.#tracers) void tracer.flush()
    } else if (this.#begun === undefined) {
      this.#begun = monotonic()
      void this.#end(signal)
    } else if (monotonic() - this.#begun > SAME_SIGNAL) this.#pass(signal)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    // A process whose event loop is empty would end by itself meanwhile, as if there had been no signal.
    const awake = setTimeout(() => {}, 0x7fffffff)
    await Promise.allSettled([...this.#tracers].map((tracer) => tracer.close()))
    clearTimeout(awake)
    this.#pass(signal)
  }

  #pass(signal: NodeJS.Signals): void {
    this.#stopListening()
    // The kernel keeps signals from process 1 that it does not listen to.
    const isIgnored = process.pid === 1 && process.listenerCount(signal) <= passiveListeners()
    if (isIgnored) process.exit(128 + constants.signals[signal])
    process.kill(process.pid, signal)
  }

  #stopListening(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener)
  }
}

/**
 * How many listeners of a signal are those of the package signal-exit, which many others use: they end the process where nobody else
 * listens. Its versions 3 and 4 count them here (https://github.com/tapjs/signal-exit, src/index.ts).
 */
function passiveListeners(): number {
  const emitters: unknown[] = [
    Reflect.get(process, '__signal_exit_emitter__'),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ]
  return emitters.reduce<number>((sum, emitter) => sum + (Number(Reflect.get(Object(emitter), 'count')) || 0), 0)
}
