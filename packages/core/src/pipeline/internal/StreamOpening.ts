/**
 * Opens a stream up to its first content. Until then an attempt can be abandoned
 * without effect: earlier events are buffered, and the consumer has received
 * nothing that the model generated.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { isContent, type StreamEvent } from "../../models/StreamEvent.ts"
import type { EventChunk } from "./EventChunk.ts"

type EventPull<E> = Pull.Pull<EventChunk, E>

/** Pulls until the first content, or to the end of a stream that has none. */
const pullUntilContent = <E>(pull: EventPull<E>): Effect.Effect<ReadonlyArray<StreamEvent>, E> => {
  const held: Array<StreamEvent> = []
  const next: Effect.Effect<ReadonlyArray<StreamEvent>, E> = Pull.matchEffect(pull, {
    onSuccess: (events): Effect.Effect<ReadonlyArray<StreamEvent>, E> => {
      held.push(...events)
      return events.some(isContent) ? Effect.succeed(held) : next
    },
    onFailure: (cause) => Effect.failCause(cause),
    onDone: () => Effect.succeed(held)
  })
  return next
}

/** An attempt whose first content has been received. */
interface OpenedAttempt<E> {
  readonly firstEvents: ReadonlyArray<StreamEvent>
  readonly pull: EventPull<E>
  readonly scope: Scope.Closeable
}

/** Emits the first events, then all others. A separate function, so that an open stream holds no closure over its attempt. */
const pullOpened = <E>({ firstEvents, pull }: OpenedAttempt<E>): EventPull<E> => {
  let held = Arr.isReadonlyArrayNonEmpty(firstEvents) ? firstEvents : undefined
  return Effect.suspend((): EventPull<E> => {
    if (held === undefined) return pull
    const events = held
    held = undefined
    return Effect.succeed(events)
  })
}

/** Closes the opened attempts that are not used, as if they had been interrupted a moment earlier. */
const closeUnused = <E>(opened: ReadonlyArray<OpenedAttempt<E>>, used: OpenedAttempt<E>): Effect.Effect<void> =>
  Effect.forEach(
    opened,
    (one) => (one === used ? Effect.void : Effect.exit(Scope.close(one.scope, Exit.interrupt()))),
    {
      discard: true
    }
  )

/**
 * Applies a stage of effects to the opening of a stream: `stage` receives one
 * effect per attempt, which succeeds when the stream's first content is received,
 * and may run it any number of times, also concurrently, as long as all runs have
 * ended when the stage ends. An attempt that fails or is interrupted is closed
 * before the next one begins; the one that succeeds becomes the stream, and
 * any others that opened are closed before its further events are emitted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const transformOpening =
  <E, E2>(stage: <A>(open: Effect.Effect<A, E>) => Effect.Effect<A, E2>) =>
  (attempt: Stream.Stream<StreamEvent, E>): Stream.Stream<StreamEvent, E | E2> =>
    Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) => {
        const opened: Array<OpenedAttempt<E>> = []
        const open = Effect.uninterruptibleMask((restore) => {
          const attemptScope = Scope.forkUnsafe(scope)
          // Some streams begin their work before the first pull, so all of it must be interruptible.
          return restore(
            Effect.flatMap(Channel.toPullScoped(attempt.channel, attemptScope), (pull) =>
              Effect.map(pullUntilContent(pull), (first): OpenedAttempt<E> => ({
                firstEvents: first,
                pull,
                scope: attemptScope
              }))
            )
          ).pipe(
            Effect.onExit((exit) => {
              if (Exit.isFailure(exit)) return Scope.close(attemptScope, exit)
              // The fiber that runs this may be interrupted before it receives the result, so returning it is not enough.
              opened.push(exit.value)
              return Effect.void
            })
          )
        })
        return Effect.flatMap(stage(open), (used) => {
          const pull = pullOpened(used)
          return opened.length === 1 ? Effect.succeed(pull) : Effect.as(closeUnused(opened, used), pull)
        })
      })
    )
