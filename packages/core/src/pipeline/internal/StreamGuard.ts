/**
 * Acquires a resource when a stream begins and releases it when the stream ends:
 * a permit, a reservation, a span.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KimiError } from "../../errors/KimiError.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import type { EventChunk } from "./EventChunk.ts"

/**
 * Makes an effect as interruptible as its surroundings are.
 *
 * @category models
 * @since 0.1.0
 */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * What is called during one run of a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamHooks {
  /** Provides the stream with what it needs until its first read: its later reads cost nothing more. */
  readonly opening?: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Called with the events of each read, before the consumer receives them. */
  readonly onEvents?: (events: EventChunk) => void
  /**
   * Called once with the exit of the stream, which is an interrupt when its consumer left. A consumer that leaves after
   * `Finish` has the whole response, so the stream has succeeded. Runs uninterruptibly.
   */
  readonly onEnd: (exit: Exit.Exit<void, KimiError>) => Effect.Effect<void>
}

/** The state of one run. A class, because every closure would take memory for each open stream. */
class GuardedRun {
  readonly #hooks: StreamHooks
  #hasEnded = false
  #isComplete = false
  #hasOpened = false

  constructor(hooks: StreamHooks) {
    this.#hooks = hooks
  }

  observe(events: EventChunk): void {
    this.#hooks.onEvents?.(events)
    this.#isComplete ||= events[events.length - 1]?._tag === "Finish"
  }

  end(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#hasEnded) return Effect.void
      this.#hasEnded = true
      return Effect.uninterruptible(this.#hooks.onEnd(exit))
    })
  }

  /** The consumer has left. */
  readonly abandon = (): Effect.Effect<void> => this.end(this.#isComplete ? Exit.void : Exit.interrupt())

  open<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.#hooks.opening?.(effect) ?? effect
  }

  pull<E extends KimiError, R>(pull: Pull.Pull<EventChunk, E, void, R>): Pull.Pull<EventChunk, E, void, R> {
    const observed = this.#observed(pull)
    if (this.#hooks.opening === undefined) return observed
    return Effect.suspend(() => {
      if (this.#hasOpened) return observed
      this.#hasOpened = true
      return this.open(observed)
    })
  }

  #observed<E extends KimiError, R>(pull: Pull.Pull<EventChunk, E, void, R>): Pull.Pull<EventChunk, E, void, R> {
    // Not `Pull.matchEffect`, which keeps two more closures for each open stream.
    return Effect.matchCauseEffect(pull, {
      onSuccess: (events) => {
        this.observe(events)
        return Effect.succeed(events)
      },
      onFailure: (cause) => this.#fail(Pull.filterDone(cause))
    })
  }

  #fail<E extends KimiError>(halt: Result.Result<unknown, Cause.Cause<E>>): Pull.Pull<EventChunk, E, void> {
    if (Result.isSuccess(halt)) return Effect.andThen(this.end(Exit.void), Cause.done())
    return Effect.andThen(this.end(Exit.failCause(halt.failure)), Effect.failCause(halt.failure))
  }
}

const open = <E extends KimiError, R>(
  run: GuardedRun,
  stream: Stream.Stream<StreamEvent, E, R>,
  scope: Scope.Scope,
  restore: Restore
) =>
  Effect.andThen(
    Scope.addFinalizerExit(scope, run.abandon),
    Effect.map(
      // Some streams begin their work before the first pull; when it is interrupted there, the scope ends the run.
      Effect.onExit(run.open(restore(Channel.toPullScoped(stream.channel, scope))), (exit) =>
        Exit.isFailure(exit) ? run.end(exit) : Effect.void
      ),
      (pull) => run.pull(pull)
    )
  )

/**
 * Runs a stream with hooks. `begin` acquires what they need when the stream is
 * run, uninterruptibly; what may be interrupted goes through `restore`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamHooks =
  <E2>(begin: (restore: Restore) => Effect.Effect<StreamHooks, E2>) =>
  <E extends KimiError, R>(stream: Stream.Stream<StreamEvent, E, R>): Stream.Stream<StreamEvent, E | E2, R> =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(begin(restore), (hooks) => open(new GuardedRun(hooks), stream, scope, restore))
        )
      )
    )
