/**
 * Flights of numbers, and their subscribers.
 */
import { Effect, Pull } from "effect"
import * as SingleFlight from "../../../src/cache/internal/SingleFlight.ts"

export type Piece = readonly [number]

export const setup = Effect.gen(function* () {
  const flights = SingleFlight.make<Piece, string, string>()
  const context = yield* Effect.context<never>()
  const task = (
    run: SingleFlight.Task<Piece, string, string>["run"],
    options: { readonly isRefresh?: boolean; readonly tags?: ReadonlyArray<string> } = {}
  ): SingleFlight.Task<Piece, string, string> => ({ run, isRefresh: false, tags: [], context, ...options })
  return { flights, task }
})

/** Joins a flight and waits, as a call does. */
export const wait = (subscription: () => SingleFlight.Subscription<Piece, string, string>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const { unsubscribe, result } = subscription()
      return Effect.onExit(restore(result), () => unsubscribe)
    })
  )

export const readAll = Effect.fnUntraced(function* (
  subscription: SingleFlight.Subscription<Piece, string, string>,
  pause: Effect.Effect<void> = Effect.void
) {
  const read: Array<number> = []
  const one: Effect.Effect<string, string> = Effect.andThen(
    pause,
    Pull.matchEffect(subscription.next, {
      onSuccess: ([number]) => {
        read.push(number)
        return one
      },
      onFailure: Effect.failCause,
      onDone: Effect.succeed
    })
  )
  const exit = yield* Effect.exit(one)
  return { read, exit }
})
