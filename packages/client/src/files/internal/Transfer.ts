/**
 * An upload while it is sent: its progress, its bounds in time and size, and the
 * failure of its content, which HTTP clients replace by their own.
 */
import { IdleTimeoutError, TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { InvalidRequestError, RequestTooLargeError } from "@kimi-effect/core/ValidationErrors"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Bounds } from "./Bounds.ts"

/** What the host has taken of the content so far, in bytes. */
export interface Progress {
  readonly sent: number
  /** `undefined` for a stream without a size. */
  readonly total: number | undefined
}

/** The content, and what bounds it. */
export interface Settings<E, R> extends Bounds {
  readonly content: Stream.Stream<Uint8Array, E, R>
  readonly size: number | undefined
  readonly provider: string
  readonly onProgress: (progress: Progress) => Effect.Effect<void>
}

/** A file above the size limit. */
export const tooLarge = (provider: string, maxBytes: number): RequestTooLargeError =>
  new RequestTooLargeError({ message: `The file is larger than ${maxBytes} bytes, the limit of the host`, provider })

/** A file without content. */
export const empty = (provider: string): InvalidRequestError =>
  new InvalidRequestError({ message: "The file is empty, which the host refuses", provider, parameter: "content" })

const wrongSize = (provider: string): InvalidRequestError =>
  new InvalidRequestError({
    message: "The content has more or fewer bytes than its option size",
    provider,
    parameter: "size"
  })

type SizeError = RequestTooLargeError | InvalidRequestError
type TimeoutError = IdleTimeoutError | TotalTimeoutError
type Piece = Arr.NonEmptyReadonlyArray<Uint8Array>

/** Sees the pulls of the HTTP client, each of which means that the piece before it was taken. */
class Transfer<E, R> {
  /** Why the content failed. */
  cause: Cause.Cause<E | SizeError> | undefined = undefined
  readonly expired = Deferred.makeUnsafe<never, TimeoutError>()
  readonly #settings: Settings<E, R>
  readonly #scope: Scope.Scope
  #timer: Fiber.Fiber<unknown> | undefined = undefined
  #pulled = 0

  constructor(settings: Settings<E, R>, scope: Scope.Scope) {
    this.#settings = settings
    this.#scope = scope
  }

  readonly pulls = (pull: Pull.Pull<Piece, E, void, R>): Pull.Pull<Piece, E | SizeError, void, R> =>
    Effect.andThen(this.#taken(), pull).pipe(
      Effect.flatMap((piece) => this.#handOver(piece)),
      Pull.catchDone(() => this.#end()),
      Effect.onError((cause) => Effect.sync(() => this.#recordFailure(cause)))
    )

  /** The piece before was taken. */
  #taken(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const timer = this.#timer
      this.#timer = undefined
      const report =
        this.#pulled === 0 ? Effect.void : this.#settings.onProgress({ sent: this.#pulled, total: this.#settings.size })
      return timer === undefined ? report : Effect.andThen(Fiber.interrupt(timer), report)
    })
  }

  #handOver(piece: Piece): Effect.Effect<Piece, SizeError> {
    const { idleTimeout, maxBytes, provider, size } = this.#settings
    this.#pulled += piece[0].length
    if (this.#pulled > maxBytes) return Effect.fail(tooLarge(provider, maxBytes))
    // More than was declared would be read as another request.
    if (size !== undefined && this.#pulled > size) return Effect.fail(wrongSize(provider))
    const error = new IdleTimeoutError({
      message: `The host took no part of the upload for ${Duration.format(idleTimeout)}`,
      provider,
      timeout: idleTimeout
    })
    return Effect.as(this.#expireAfter(idleTimeout, error), piece)
  }

  #end(): Pull.Pull<never, SizeError> {
    const { provider, responseTimeout, size } = this.#settings
    if (this.#pulled === 0) return Effect.fail(empty(provider))
    if (size !== undefined && this.#pulled !== size) return Effect.fail(wrongSize(provider))
    const error = new TotalTimeoutError({
      message: `The host did not respond within ${Duration.format(responseTimeout)} after the upload`,
      provider,
      timeout: responseTimeout
    })
    return Effect.andThen(this.#expireAfter(responseTimeout, error), Cause.done())
  }

  #expireAfter(timeout: Duration.Duration, error: TimeoutError): Effect.Effect<void> {
    return Effect.sleep(timeout).pipe(
      Effect.andThen(Deferred.fail(this.expired, error)),
      Effect.forkIn(this.#scope),
      Effect.map((timer) => {
        this.#timer = timer
      })
    )
  }

  #recordFailure(cause: Cause.Cause<E | SizeError | Cause.Done>): void {
    if (Pull.isDoneCause(cause) || Cause.hasInterruptsOnly(cause)) return
    // A cause that is not the end of the stream has none in it.
    this.cause = cause as Cause.Cause<E | SizeError>
  }
}

const totalTimeoutError = (provider: string, timeout: Duration.Duration): TotalTimeoutError =>
  new TotalTimeoutError({ message: `The upload took longer than ${Duration.format(timeout)}`, provider, timeout })

/** Sends the content with `send`, which is interrupted when a bound is exceeded. */
export const run = <E, R, A, E2>(
  settings: Settings<E, R>,
  send: (content: Stream.Stream<Uint8Array, unknown>) => Effect.Effect<A, E2>
): Effect.Effect<A, E | E2 | SizeError | TimeoutError, R> =>
  Effect.scopedWith((scope) =>
    Effect.contextWith((context: Context.Context<R>) => {
      const { content, provider, uploadTimeout } = settings
      const transfer = new Transfer(settings, scope)
      // One piece for each pull, so that a pull means that the piece before it was taken.
      const pieces = Stream.transformPull(Stream.rechunk(content, 1), (pull) => Effect.succeed(transfer.pulls(pull)))
      return Effect.raceFirst(send(Stream.provideContext(pieces, context)), Deferred.await(transfer.expired)).pipe(
        Effect.catchCause((cause) => Effect.failCause<E | E2 | SizeError | TimeoutError>(transfer.cause ?? cause)),
        Effect.timeoutOrElse({
          duration: uploadTimeout,
          orElse: () => Effect.fail(totalTimeoutError(provider, uploadTimeout))
        })
      )
    })
  )
