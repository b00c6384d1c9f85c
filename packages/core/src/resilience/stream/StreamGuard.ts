/**
 * Holds something for as long as a stream runs: a permit, a place, a bill.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KimiError } from "../../errors/KimiError.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"

/**
 * Makes an effect as interruptible as its surroundings are.
 *
 * @category models
 * @since 0.1.0
 */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * What is held while one run of a stream lasts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Holder {
  /** Sees the events as they pass. */
  readonly onEvents?: (events: Arr.NonEmptyReadonlyArray<StreamEvent>) => void
  /**
   * Told once how the stream ended; with an interrupt when its consumer left. One that leaves after `Finish` has the
   * whole answer, so the stream has ended well. Runs uninterruptibly.
   */
  readonly onEnd: (exit: Exit.Exit<void, KimiError>) => Effect.Effect<void>
}

/**
 * Runs a stream while something is held. `begin` takes it when the stream is
 * run, where nothing interrupts; what it waits for goes through `restore`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const holding =
  <E2>(begin: (restore: Restore) => Effect.Effect<Holder, E2>) =>
  <E extends KimiError, R>(stream: Stream.Stream<StreamEvent, E, R>): Stream.Stream<StreamEvent, E | E2, R> => {
    const open = Effect.fnUntraced(function* (scope: Scope.Scope, restore: Restore) {
      const { onEnd, onEvents } = yield* begin(restore)
      let hasEnded = false
      let isWhole = false
      const end = (exit: Exit.Exit<void, KimiError>) =>
        Effect.suspend(() => {
          if (hasEnded) return Effect.void
          hasEnded = true
          return Effect.uninterruptible(onEnd(exit))
        })
      yield* Scope.addFinalizer(
        scope,
        Effect.suspend(() => end(isWhole ? Exit.void : Exit.interrupt()))
      )
      // Some streams begin their work before the first pull; left there, the scope ends what is held.
      const opened = Effect.onExit(restore(Channel.toPullScoped(stream.channel, scope)), (exit) =>
        Exit.isFailure(exit) ? end(exit) : Effect.void
      )
      return yield* Effect.map(opened, (pull) =>
        Pull.matchEffect(pull, {
          onSuccess: (events) => {
            onEvents?.(events)
            isWhole ||= events[events.length - 1]?._tag === "Finish"
            return Effect.succeed(events)
          },
          onFailure: (cause: Cause.Cause<E>) => Effect.andThen(end(Exit.failCause(cause)), Effect.failCause(cause)),
          onDone: () => Effect.andThen(end(Exit.void), Cause.done())
        })
      )
    })
    return Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.uninterruptibleMask((restore) => open(scope, restore))
      )
    )
  }
