/** Waits for the first event of a stream, so that a call that fails at once has its own status. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Starts a stream, and returns it when its first events are there or the time has
 * passed. Fails if it has failed by then; a later failure is one of the stream,
 * whose response has already begun.
 */
export const awaitStart = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  atMost: Duration.Input
): Effect.Effect<Stream.Stream<A, E>, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const pull = Effect.provideContext(yield* Stream.toPull(stream), context)
    const first = yield* Effect.forkScoped(pull, { startImmediately: true })
    // An empty stream ends here, which the returned stream reports again.
    yield* Fiber.join(first).pipe(
      Effect.timeoutOption(atMost),
      Pull.catchDone(() => Effect.void)
    )
    let next: typeof pull = Fiber.join(first)
    return Stream.fromPull(
      Effect.succeed(
        Effect.suspend(() => {
          const current = next
          next = pull
          return current
        })
      )
    )
  })
