/** Begins a stream before it is known who reads it, to learn whether it fails at once. */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A stream that has begun, or what it failed with before its first element. */
export type Opened<A, E, R> =
  | { readonly _tag: "Open"; readonly stream: Stream.Stream<A, E, R>; readonly close: Effect.Effect<void> }
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<E> }

/**
 * Waits for the first element of a stream, at most for `wait`; without it for as
 * long as the stream takes. An open stream has to be read or closed.
 */
export const openStream = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  wait: Duration.Duration | undefined
): Effect.Effect<Opened<A, E, R>, never, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const scope = Scope.makeUnsafe()
      const close = Scope.close(scope, Exit.void)
      const pull = yield* Scope.provide(Stream.toPull(stream), scope)
      const fiber = yield* Effect.forkIn(Effect.interruptible(pull), scope, { startImmediately: true })
      const first = Fiber.await(fiber)
      const bounded = wait === undefined ? Effect.asSome(first) : Effect.timeoutOption(first, wait)
      const exit = Option.getOrUndefined(yield* Effect.onInterrupt(restore(bounded), () => close))
      if (exit !== undefined && Exit.isFailure(exit) && !Pull.isDoneCause(exit.cause)) {
        yield* close
        return { _tag: "Failed", cause: exit.cause as Cause.Cause<E> }
      }
      let isFirst = true
      const rest = Effect.suspend(() => {
        if (!isFirst) return pull
        isFirst = false
        return Fiber.join(fiber)
      })
      return { _tag: "Open", stream: Stream.ensuring(Stream.fromPull(Effect.succeed(rest)), close), close }
    })
  )
