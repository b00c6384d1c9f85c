/**
 * The body of one answer as undici delivers it: bytes wait here until they are
 * asked for, and a body that is left before its end closes its connection.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { Dispatcher } from "undici"

type Bytes = readonly [Uint8Array, ...Array<Uint8Array>]

/** Bytes that may wait before the host is told to pause. */
const highWaterMark = 256 * 1024

/** Why a body that nobody wants is cut off. */
const abandoned = new Error("The answer was left before its end")

/** Collects one body. `E` is what a broken body fails with. */
export class ResponseBody<E> {
  #chunks: Array<Uint8Array> = []
  #bufferedBytes = 0
  #hasEnded = false
  #isBufferingAll = false
  #failure: E | undefined = undefined
  #wake: (() => void) | undefined = undefined
  readonly #controller: Dispatcher.DispatchController

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.length
    if (this.#bufferedBytes > highWaterMark) this.#controller.pause()
    if (!this.#isBufferingAll) this.#wake?.()
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  fail(error: E): void {
    this.#failure = error
    this.#wake?.()
  }

  /** Goes on in a turn of its own: undici pushes at once, and must not be in the middle of another body then. */
  #resume(): void {
    queueMicrotask(() => this.#controller.resume())
  }

  // Getters, not fields: an answer makes only the effects that it is asked for.

  /** Closes the connection unless the body has ended. */
  get close(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#chunks = []
      if (!this.#hasEnded && this.#failure === undefined) this.#controller.abort(abandoned)
    })
  }

  /** The bytes that wait, or the next ones. */
  get pull(): Pull.Pull<Bytes, E> {
    const more = this.#nextChange
    const next: Pull.Pull<Bytes, E> = Effect.suspend((): Pull.Pull<Bytes, E> => {
      const [first, ...rest] = this.#chunks
      if (first !== undefined) {
        this.#chunks = []
        if (this.#bufferedBytes > highWaterMark) this.#resume()
        this.#bufferedBytes = 0
        return Effect.succeed([first, ...rest])
      }
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      return this.#hasEnded ? Cause.done() : Effect.flatMap(more, () => next)
    })
    return next
  }

  /** Everything at once. */
  get bytes(): Effect.Effect<Buffer, E> {
    return Effect.suspend((): Effect.Effect<Buffer, E> => {
      if (this.#hasEnded || this.#failure !== undefined) return this.#allBytes
      // Whoever asks for the whole body wants all of it in memory, so nothing is to be paused.
      if (this.#bufferedBytes > highWaterMark) this.#resume()
      this.#bufferedBytes = Number.NEGATIVE_INFINITY
      this.#isBufferingAll = true
      return Effect.onInterrupt(
        Effect.flatMap(this.#nextChange, () => this.#allBytes),
        () => this.close
      )
    })
  }

  get #allBytes(): Effect.Effect<Buffer, E> {
    if (this.#failure !== undefined) return Effect.fail(this.#failure)
    const [first] = this.#chunks
    return Effect.succeed(this.#chunks.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(this.#chunks))
  }

  get #nextChange(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#wake = () => {
        this.#wake = undefined
        resume(Effect.void)
      }
      return Effect.sync(() => {
        this.#wake = undefined
      })
    })
  }
}
