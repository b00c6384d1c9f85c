/**
 * Bodies of `fetch`, read ahead. `HttpClientResponse.stream` runs several effects for each
 * piece of a body, which take several times as long as decoding it;
 * here, pieces that arrive together are one read.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"

type Bytes = readonly [Uint8Array, ...Array<Uint8Array>]

/** Buffered bytes at which no more are read. */
const highWaterMark = 256 * 1024

/** One body. `E` is the error of a broken one. */
class WebBody<E> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #toError: (cause: unknown) => E
  #pieces: Array<Uint8Array> = []
  #bufferedBytes = 0
  #isReading = false
  #hasEnded = false
  #failure: { readonly error: E } | undefined = undefined
  #wake: (() => void) | undefined = undefined

  constructor(body: ReadableStream<Uint8Array>, toError: (cause: unknown) => E) {
    this.#reader = body.getReader()
    this.#toError = toError
  }

  /** Closes the connection, unless the body has ended. */
  get close(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#pieces = []
      this.#hasEnded = true
      // A body that is broken cannot be cancelled, and needs no closing.
      this.#reader.cancel().catch(() => undefined)
    })
  }

  /** Waits for bytes, and returns all that have arrived. */
  get pull(): Pull.Pull<Bytes, E> {
    const arrived: Effect.Effect<void> = Effect.callback((resume) => {
      this.#wake = () => {
        this.#wake = undefined
        resume(Effect.void)
      }
      this.#read()
      return Effect.sync(() => {
        this.#wake = undefined
      })
    })
    // Pieces that arrived with the first one are delivered before the next task.
    const more = Effect.andThen(arrived, Effect.yieldNow)
    const next: Pull.Pull<Bytes, E> = Effect.suspend((): Pull.Pull<Bytes, E> => {
      const [first, ...rest] = this.#pieces
      if (first !== undefined) {
        this.#pieces = []
        this.#bufferedBytes = 0
        this.#read()
        return Effect.succeed([first, ...rest])
      }
      if (this.#failure !== undefined) return Effect.fail(this.#failure.error)
      return this.#hasEnded ? Cause.done() : Effect.andThen(more, next)
    })
    return next
  }

  #read(): void {
    const isOver = this.#hasEnded || this.#failure !== undefined
    if (this.#isReading || isOver || this.#bufferedBytes > highWaterMark) return
    this.#isReading = true
    this.#reader.read().then(this.#onRead, this.#onFailure)
  }

  readonly #onRead = ({ done, value }: ReadableStreamReadResult<Uint8Array>): void => {
    this.#isReading = false
    if (value !== undefined) {
      this.#pieces.push(value)
      this.#bufferedBytes += value.length
    }
    if (done) this.#hasEnded = true
    this.#wake?.()
    this.#read()
  }

  readonly #onFailure = (cause: unknown): void => {
    this.#isReading = false
    this.#failure = { error: this.#toError(cause) }
    this.#wake?.()
  }
}

/** Opens the bytes of a body until a scope closes. */
export type OpenBytes = (scope: Scope.Scope) => Effect.Effect<Pull.Pull<Bytes, HttpClientError.HttpClientError>>

/** The bytes of a response; those of `fetch` are read ahead. */
export const bytesOf =
  (response: HttpClientResponse.HttpClientResponse): OpenBytes =>
  (scope) => {
    // Hands the body over, which is then closed with the scope.
    const body = Option.getOrUndefined(HttpClientResponse.toWeb(response))?.body ?? undefined
    if (body === undefined) return Channel.toPullScoped(response.stream.channel, scope)
    const { request } = response
    const toError = (cause: unknown) =>
      new HttpClientError.HttpClientError({ reason: new HttpClientError.DecodeError({ request, response, cause }) })
    const web = new WebBody(body, toError)
    return Effect.as(Scope.addFinalizer(scope, web.close), web.pull)
  }
