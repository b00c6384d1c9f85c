/**
 * The body of one response as undici delivers it: bytes are buffered until they
 * are read, and a body that is abandoned before its end closes its connection.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { Dispatcher } from "undici"
import { afterReads } from "./afterReads.ts"

type Bytes = readonly [Uint8Array, ...Array<Uint8Array>]

/** Buffered bytes at which the host is paused. */
const highWaterMark = 256 * 1024

/** The reason with which an abandoned body is aborted. */
const abandoned = new Error("The response was abandoned before its end")

/** Collects one body. `E` is the error of a broken body. */
export class ResponseBody<E> {
  #chunks: Array<Uint8Array> = []
  #bufferedBytes = 0
  #hasEnded = false
  #isBufferingAll = false
  /** Whether the reader wakes after the current read of the socket. */
  #isWaking = false
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
    this.#wakeReader()
  }

  end(): void {
    this.#hasEnded = true
    this.#wakeReader()
  }

  fail(error: E): void {
    this.#failure = error
    this.#wakeReader()
  }

  get #hasChanged(): boolean {
    return !this.#isBufferingAll || this.#hasEnded || this.#failure !== undefined
  }

  /** Once for all chunks that come in one go. */
  #wakeReader(): void {
    if (this.#wake === undefined || this.#isWaking || !this.#hasChanged) return
    this.#isWaking = true
    afterReads(() => {
      this.#isWaking = false
      if (this.#hasChanged) this.#wake?.()
    })
  }

  /** Resumes in a new task: undici pushes synchronously, and must not do so while it handles another body. */
  #resume(): void {
    queueMicrotask(() => this.#controller.resume())
  }

  // Getters instead of fields, so that a response only creates the effects that are used.

  /** Closes the connection unless the body has ended. */
  get close(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#chunks = []
      if (!this.#hasEnded && this.#failure === undefined) this.#controller.abort(abandoned)
    })
  }

  /** The buffered bytes, or the next ones. */
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

  /** All bytes. */
  get bytes(): Effect.Effect<Buffer, E> {
    return Effect.suspend((): Effect.Effect<Buffer, E> => {
      if (this.#hasEnded || this.#failure !== undefined) return this.#allBytes
      // The whole body is to be in memory, so nothing is paused.
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
